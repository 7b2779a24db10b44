// The tracker of a page, `window.clickstream`. A page has one, even if both a script tag and a module start it.

import { create } from "./tracker.js";
import type { Call, Options, Tracker } from "./types.js";

declare global {
  interface Window {
    /** The tracker; before the script has loaded, an array of calls that it will run. */
    clickstream?: Tracker | Call[];
  }
}

/** Return the page's tracker; start it with these options if it has not started. */
export function attach(options: Options): Tracker {
  const present = window.clickstream as Partial<Tracker> & Call[];
  if (present?.track) return present as Tracker;
  const tracker = (window.clickstream = create(options));
  tracker.push(...(present ?? []));
  return tracker;
}
