// The tracker of a page: ties identity, queue, sender and what is tracked by itself. A page has one, so the state of
// these modules is the page's. An event is in the queue, and so in localStorage, before `track` returns.

import { forgetPage, on, referrer, watchClicks, watchPages } from "./capture";
import { newId, toLine } from "./event";
import { identify, openIdentity, reset, stamp } from "./identity";
import { add, countDropped, lines, openQueue, remove, sleep } from "./queue";
import { hurry, openSender, send, wake } from "./sender";
import { openStorage, read, wipe, write } from "./storage";
import type { Call, Fields, Options, Tracker } from "./types";

const CONSENT = "clickstream:consent";

/** Start tracking this page. In a browser, and once a page: `start` sees to both. */
export function create(options: Options): Tracker {
  openIdentity(openStorage(options.cookieless));
  openQueue(newId());
  openSender(options.endpoint, track);

  const isAllowed = () =>
    read<boolean>(CONSENT) ??
    !(options.consent || (options.gpc && (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl));

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
          createdAt: new Date(at).toISOString(),
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

  const view = watchPages(options, isAllowed, track);
  const tracker: Tracker = {
    track,
    identify,
    reset,
    consent(isGranted) {
      if (!isGranted) {
        remove(lines);
        wipe();
        forgetPage();
      }
      write(CONSENT, isGranted);
      view();
    },
    push(...calls: Call[]) {
      for (const [verb, ...args] of calls) (tracker[verb] as (...args: unknown[]) => void)(...args);
    },
  };

  function leave(): void {
    view();
    send(true);
  }
  watchClicks(!!options.clicks, track);
  on(window, "online", hurry);
  on(document, "visibilitychange", () => (document.hidden ? leave() : wake()));
  on(window, "pagehide", () => {
    leave();
    sleep(true);
  });
  on(window, "pageshow", ({ persisted }: PageTransitionEvent) => {
    if (!persisted) return;
    sleep(false);
    forgetPage();
    view();
  });

  if (document.readyState !== "loading") view(); // else the title may still be missing
  wake();
  return tracker;
}
