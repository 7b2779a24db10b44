// The tracker of a page: connects identity, queue, sender and automatic events. A page has one tracker, so module
// variables hold its state. An event is in the queue, and so in localStorage, before `track` returns.

import { forgetPage, on, pageUrl, referrer, watchClicks, watchPages } from "./capture.js";
import { idOf, newId, toLine } from "./event.js";
import { identify, openIdentity, reset, stamp } from "./identity.js";
import { add, countDropped, openQueue, sleep, sync } from "./queue.js";
import { hurry, openSender, send, wake } from "./sender.js";
import { CONSENT, isAllowed, openStorage, read, wipe, write } from "./storage.js";
import type { Call, Fields, Options, Tracker } from "./types.js";

/** Create the tracker. The caller ensures that this is a browser and that the page has no tracker yet. */
export function create(options: Options): Tracker {
  openStorage(options);
  openIdentity();
  openQueue();
  openSender(track);

  function track(name: string, fields: Fields = {}): void {
    if (!isAllowed()) return;
    if (name !== "page_view") view(); // a due page view comes first
    const at = Date.now();
    const who = stamp(at);
    try {
      add(
        toLine({
          eventName: name,
          createdAt: new Date(at),
          pageUrl: pageUrl(),
          pageTitle: document.title,
          referrer,
          ...who,
          ...fields,
          eventId: idOf(fields.eventId) ?? newId(),
          properties: { ...who.properties, ...fields.properties },
        }),
      );
    } catch {
      countDropped(); // a circular reference or a BigInt
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
      applyConsent();
      view();
    },
    push(...calls: Call[]) {
      for (const [verb, ...args] of calls) (tracker[verb] as (...args: unknown[]) => void)?.(...args);
    },
  };

  // Runs in every tab: a tab that learns of it late may have written an id after another tab wiped them.
  function applyConsent(): void {
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
  on("storage", applyConsent);
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

  if (document.readyState !== "loading") view(); // while loading, the title may be missing
  wake();
  return tracker;
}
