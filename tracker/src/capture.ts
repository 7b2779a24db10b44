// What is tracked by itself: page views (load, history, back/forward cache, prerendering) and clicks.
// Clicks: on [data-cs-event] the event it names, on a link to another host `click`, by option on everything.
// [data-cs-ignore] keeps whatever is in it out.

import { dataOf, describe } from "./event";
import { RENDER_MS } from "./limits";
import { isAllowed } from "./storage";
import type { Fields, Options, Product } from "./types";

type Track = (name: string, fields?: Fields) => void;

export function on(names: string, listener: (event: any) => void): void {
  names.split(" ").forEach((name) => addEventListener(name, listener, true));
}

/** The address of the page that was seen last, else where the visitor came from. */
export let referrer: string;
let page: string;
let url: string;

/** A function that tracks a page view if the page is another than when it was called last. */
export function watchPages(options: Options, track: Track): () => void {
  referrer = document.referrer;
  forgetPage();
  function view(): void {
    const { href } = location;
    const current = options.hash ? href : href.split("#")[0]!;
    const isHidden = (document as { prerendering?: boolean }).prerendering;
    if (current === page || options.pageViews === false || isHidden || !isAllowed()) return;
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

export function watchClicks(isOnAll: boolean, track: Track): void {
  on("click auxclick", (event: MouseEvent) => {
    const target = event.composedPath()[0] as Element;
    if (event.button > 1 || !target.closest || target.closest("[data-cs-ignore]")) return;
    const named = target.closest("[data-cs-event]");
    const link = target.closest<HTMLAnchorElement>("a[href]");
    const isOutbound = link && link.protocol.startsWith("http") && link.host !== location.host;
    if (!named && !isOutbound && !isOnAll) return;
    const card = target.closest("[data-cs-product-id]");
    track(named?.getAttribute("data-cs-event") || "click", {
      element: describe(named ?? link ?? target.closest("button,summary,label,[role]") ?? target),
      ...(card && { product: dataOf(card, /^csProduct(.)(.*)/) as unknown as Product }),
      ...(isOutbound && { properties: { outbound: link.href } }),
    });
  });
}
