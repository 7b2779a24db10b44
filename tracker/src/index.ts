// The module: `import { start } from "clickstream-tracker"`. Nothing happens at import time, on a server neither.

import { attach } from "./page.js";
import type { Options, Tracker } from "./types.js";

export type { Call, ElementInfo, Fields, Options, Order, OrderItem, Product, Tracker } from "./types.js";

/** Start tracking, once a page: a second call gives the first one's tracker. On a server the verbs do nothing. */
export function start(options: Options): Tracker {
  if (typeof window === "undefined") {
    const nothing = () => {};
    return { track: nothing, identify: nothing, reset: nothing, consent: nothing, push: nothing };
  }
  return attach(options);
}
