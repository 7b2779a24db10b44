// What is tracked by itself: page views (load, history, back/forward cache, prerendering) and clicks.
// Clicks: on [data-cs-event] the event it names, on a link to another host `click`, by option on everything.
// [data-cs-ignore] keeps whatever is in it out.

import { dataOf, describe } from "./event.js";
import { RENDER_MS } from "./limits.js";
import { isAllowed, options } from "./storage.js";
import type { Fields, Product } from "./types.js";

type Track = (name: string, fields?: Fields) => void;

export function on(names: string, listener: (event: any) => void): void {
  names.split(" ").forEach((name) => addEventListener(name, listener, true));
}

/** The address of the page that was seen last, else where the visitor came from. */
export let referrer: string;
let page: string;
let url: string;

/** A function that tracks a page view if the page is another than when it was called last. */
export function watchPages(track: Track): () => void {
  referrer = document.referrer;
  function view(): void {
    const { href } = location;
    const current = options.hash ? href : href.split("#")[0]!;
    if (current === page || options.pageViews === false || !isAllowed()) return;
    if ((document as { prerendering?: boolean }).prerendering) return;
    if (page) referrer = url; // within the site; the referrer of the load stays until then
    page = current;
    url = href;
    track("page_view");
  }
  // The title is that of the new page only after the framework has rendered it.
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

/** The next view counts, whatever the page. */
export function forgetPage(): void {
  page = "";
}

export function watchClicks(track: Track): void {
  let control: Element | null | undefined; // of the label that was clicked in this turn of the event loop
  let controlled: Element | null; // what named the event of that click
  on("click auxclick", (event: MouseEvent) => {
    const target = event.composedPath()[0] as Element;
    if (event.button > 1 || !target.closest || target.closest("[data-cs-ignore]")) return;
    const named = target.closest("[data-cs-event]");
    const link = target.closest<HTMLAnchorElement>("a[href]");
    const isOutbound = link && link.protocol?.startsWith("http") && link.host !== location.host;
    if (!named && !isOutbound && !options.clicks) return;
    // A click on a label comes once more, from its control: one gesture, one event.
    if (target === control && (named ?? controlled) === controlled) return;
    control = target.closest("label")?.control;
    controlled = named;
    setTimeout(() => (control = undefined));
    const card = target.closest("[data-cs-product-id]");
    track(named?.getAttribute("data-cs-event") || "click", {
      element: describe(named ?? link ?? target.closest("button,summary,label,[role]") ?? target),
      product: (card && dataOf(card, /^csProduct(.)(.*)/)) as unknown as Product, // null is none
      properties: isOutbound ? { outbound: link.href } : {},
    });
  });
}
