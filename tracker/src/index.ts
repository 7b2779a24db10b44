// The module: `import { start } from "clickstream-tracker"`. Importing it has no effect, so a server can import it too.

import { attach } from "./page.js";
import type { Options, Tracker } from "./types.js";

export type { Call, ElementInfo, Fields, Options, Order, OrderItem, Product, Search, Tracker } from "./types.js";

/** Start the page's tracker, or return it if it has started. On a server, its functions do nothing. */
export function start(options: Options): Tracker {
  if (typeof window === "undefined") {
    const noop = () => {};
    return { track: noop, identify: noop, reset: noop, consent: noop, push: noop };
  }
  return attach(options);
}
