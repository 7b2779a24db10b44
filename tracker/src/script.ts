// The script tag: `<script defer src="https://collect.example/clickstream.js"></script>`.
// Options are the tag's data- attributes; without data-endpoint, events go to `clickstream` beside the script.

import { attach } from "./page.js";
import type { Options } from "./types.js";

const tag = document.currentScript ?? document.querySelector("script[src*='/clickstream.']"); // none in a module
const { src, dataset } = tag as HTMLScriptElement;
const options: Record<string, unknown> = {};
for (const name in dataset) options[name] = dataset[name] !== "false" && (dataset[name] || true);
attach({ ...options, endpoint: new URL(dataset.endpoint ?? "clickstream", src).href } as Options);
