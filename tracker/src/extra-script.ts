// The script tag of `clickstream.extra.js`: the shop's events as `window.clickstreamShop`; with `data-scroll`, scroll
// depth too. It works before and after clickstream.js has loaded.

import { orderOf, shop, watchScroll, type Calls, type Shop } from "./extra.js";

const page = window as { clickstream?: Calls; clickstreamShop?: Shop & { orderOf: typeof orderOf } };
const calls: Calls = { push: (...each) => (page.clickstream ??= [] as unknown as Calls).push(...each) };
page.clickstreamShop = { ...shop(calls), orderOf };
// In a module, currentScript is null.
const tag = document.currentScript ?? document.querySelector("script[src*='/clickstream.extra.']");
if ("scroll" in (tag as HTMLScriptElement).dataset) watchScroll(calls);
