// Automatic events: page views (load, history, back/forward cache, prerendering) and clicks.
// A click inside [data-cs-event] becomes the event named there, a click on a link to another host becomes `click`;
// with clicks: "all", every other click becomes `click` too. Clicks inside [data-cs-ignore] are not tracked.

import { cleanUrl, dataOf, describe } from "./event.js";
import { RENDER_MS } from "./limits.js";
import { isAllowed, options } from "./storage.js";
import type { Fields, Product } from "./types.js";

type Track = (name: string, fields?: Fields) => void;

export function on(names: string, listener: (event: any) => void): void {
  names.split(" ").forEach((name) => addEventListener(name, listener, true));
}

/** The URL of the previous page view; before the second page view, the referrer of the document. */
export let referrer: string;
let page: string;
let url: string;

export function pageUrl(): string {
  return cleanUrl(location.href, options.hash);
}

/** Watch for page changes. Returns a function that tracks a page view if the page has changed since its last call. */
export function watchPages(track: Track): () => void {
  referrer = document.referrer;
  function view(): void {
    const current = pageUrl().replace(/#!?\/$/, ""); // a router replaces "/" by "/#/" when it starts: one page
    if (current === page || options.pageViews === false || !isAllowed()) return;
    if ((document as { prerendering?: boolean }).prerendering) return;
    if (page) referrer = url; // the first view keeps the document's referrer
    page = current;
    url = pageUrl();
    track("page_view");
  }
  // The framework sets the new title only when it has rendered the page.
  const viewSoon = () => setTimeout(view, RENDER_MS);
  for (const name of ["pushState", "replaceState"] as const) {
    const change = history[name];
    history[name] = function (...args) {
      change.apply(this, args);
      viewSoon();
    };
  }
  on("popstate", viewSoon);
  on("DOMContentLoaded prerenderingchange", view);
  return view;
}

/** Make the next view count even if the page is the same. */
export function forgetPage(): void {
  page = "";
}

export function watchClicks(track: Track): void {
  let control: Element | null | undefined; // of the label that was clicked in this turn of the event loop
  let controlled: Element | null; // the element that named the event of that click
  on("click auxclick", (event: MouseEvent) => {
    const target = event.composedPath()[0] as Element;
    if (event.button > 1 || !target.closest || target.closest("[data-cs-ignore]")) return;
    const named = target.closest("[data-cs-event]");
    const link = target.closest<HTMLAnchorElement>("a[href]");
    const isOutbound = link && link.protocol?.startsWith("http") && link.host !== location.host;
    if (!named && !isOutbound && !options.clicks) return;
    // The browser repeats a click on a label on the label's control: track one event, not two.
    if (target === control && (named ?? controlled) === controlled) return;
    control = target.closest("label")?.control;
    controlled = named;
    setTimeout(() => (control = undefined));
    const card = target.closest("[data-cs-product-id]");
    track(named?.getAttribute("data-cs-event") || "click", {
      element: describe(named ?? link ?? target.closest("button,summary,label,[role]") ?? target),
      product: (card && dataOf(card, /^csProduct(.)(.*)/)) as unknown as Product, // null: the event has no product
      properties: isOutbound ? { outbound: link.href } : {},
    });
  });
}
