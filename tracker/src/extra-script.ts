// `clickstream.extra.js`: the shop's events as `clickstreamShop`, and with `data-scroll` on its tag scroll depth.
// It may come before or after clickstream.js.

import { orderOf, shop, watchScroll, type Calls, type Shop } from "./extra";

const page = window as { clickstream?: Calls; clickstreamShop?: Shop & { orderOf: typeof orderOf } };
const calls: Calls = { push: (...each) => (page.clickstream ??= [] as unknown as Calls).push(...each) };
page.clickstreamShop = { ...shop(calls), orderOf };
if ("scroll" in document.currentScript!.dataset) watchScroll(calls);
