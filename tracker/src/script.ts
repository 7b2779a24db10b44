// The script tag: `<script defer src="https://collect.example/clickstream.js"></script>`.
// The tag's data- attributes are the options. The default endpoint is `clickstream` in the script's folder.

import { attach } from "./page.js";
import type { Options } from "./types.js";

// In a module, currentScript is null.
const tag = document.currentScript ?? document.querySelector("script[src*='/clickstream.']");
const { src, dataset } = tag as HTMLScriptElement;
const options: Record<string, unknown> = {};
for (const name in dataset) options[name] = dataset[name] !== "false" && (dataset[name] || true);
attach({ ...options, endpoint: new URL(dataset.endpoint ?? "clickstream", src).href } as Options);
