// `clickstream.extra.js`: the shop's events as `clickstreamShop`, and with `data-scroll` on its tag scroll depth.
// It may come before or after clickstream.js.

import { orderOf, shop, watchScroll, type Calls, type Shop } from "./extra.js";

const page = window as { clickstream?: Calls; clickstreamShop?: Shop & { orderOf: typeof orderOf } };
const calls: Calls = { push: (...each) => (page.clickstream ??= [] as unknown as Calls).push(...each) };
page.clickstreamShop = { ...shop(calls), orderOf };
const tag = document.currentScript ?? document.querySelector("script[src*='/clickstream.extra.']"); // none in a module
if ("scroll" in (tag as HTMLScriptElement).dataset) watchScroll(calls);
