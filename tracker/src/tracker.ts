// The tracker of a page: ties identity, queue, sender and what is tracked by itself. A page has one, so the state of
// these modules is the page's. An event is in the queue, and so in localStorage, before `track` returns.

import { forgetPage, on, referrer, watchClicks, watchPages } from "./capture.js";
import { newId, toLine } from "./event.js";
import { identify, openIdentity, reset, stamp } from "./identity.js";
import { add, countDropped, openQueue, sleep, sync } from "./queue.js";
import { hurry, openSender, send, wake } from "./sender.js";
import { CONSENT, isAllowed, openStorage, read, wipe, write } from "./storage.js";
import type { Call, Fields, Options, Tracker } from "./types.js";

/** Start tracking this page. In a browser, and once a page: `start` sees to both. */
export function create(options: Options): Tracker {
  openStorage(options);
  openIdentity();
  openQueue();
  openSender(track);

  function track(name: string, fields: Fields = {}): void {
    if (!isAllowed()) return;
    if (name !== "page_view") view(); // one that is due comes first
    const at = Date.now();
    const who = stamp(at);
    try {
      add(
        toLine({
          eventName: name,
          eventId: newId(),
          createdAt: new Date(at),
          pageUrl: location.href,
          pageTitle: document.title,
          referrer,
          ...who,
          ...fields,
          properties: { ...who.properties, ...fields.properties },
        }),
      );
    } catch {
      countDropped(); // a circle, a BigInt
    }
    wake();
  }

  const view = watchPages(track);
  const tracker: Tracker = {
    track,
    identify,
    reset,
    consent(isGranted) {
      write(CONSENT, isGranted);
      heed();
      view();
    },
    push(...calls: Call[]) {
      for (const [verb, ...args] of calls) (tracker[verb] as (...args: unknown[]) => void)?.(...args);
    },
  };

  // In each tab: one that did not hear of it yet may have written an id after the first had wiped them.
  function heed(): void {
    if (read(CONSENT) !== false) return;
    sync();
    wipe();
    forgetPage();
  }
  function leave(): void {
    view();
    send(true);
  }
  watchClicks(track);
  on("online", hurry);
  on("storage", heed);
  on("visibilitychange", () => (document.hidden ? leave() : wake()));
  on("pagehide", () => {
    leave();
    sleep(true);
  });
  on("pageshow", ({ persisted }: PageTransitionEvent) => {
    if (!persisted) return;
    sleep(false);
    forgetPage();
    view();
  });

  if (document.readyState !== "loading") view(); // else the title may still be missing
  wake();
  return tracker;
}
