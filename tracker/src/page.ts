// The one tracker of a page, `window.clickstream`, whether a script tag or a module (or both) start it.

import { create } from "./tracker.js";
import type { Call, Options, Tracker } from "./types.js";

declare global {
  interface Window {
    /** The tracker; before its script is there, an array of calls that it will run. */
    clickstream?: Tracker | Call[];
  }
}

/** The page's tracker, started with these options if there is none yet. */
export function attach(options: Options): Tracker {
  const present = window.clickstream as Partial<Tracker> & Call[];
  if (present?.track) return present as Tracker;
  const tracker = (window.clickstream = create(options));
  tracker.push(...(present ?? []));
  return tracker;
}
