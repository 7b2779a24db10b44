// What happened before the visitor decides, in the page's memory: events and the views of pages that the visitor has left.
// Each keeps its time, page and referrer, so that consent on a later page records them where they happened, and the
// campaign of the first page is not lost. A full page load before the decision forgets them.

import type { Fields } from "./tracker.ts";

interface Page {
  pageUrl: string;
  pageTitle: string;
  referrer: string;
}

/** Where and when an event happened, in place of what the tracker would add. */
export interface Happened extends Page {
  createdAt: string;
}

interface Held {
  page: Page;
  createdAt: string;
  name: string;
  fields: Fields;
}

const PAGE_VIEW = "page_view";
const MAX_HELD = 50;
const TITLE_MS = 300; // Next.js may set the title after it has rendered the page
let page: Page | null = null;
let held: Held[] = [];

const currentUrl = () => location.origin + location.pathname + location.search;

function currentPage(): Page {
  if (page?.pageUrl === currentUrl()) return page;
  const opened = { pageUrl: currentUrl(), pageTitle: document.title, referrer: page?.pageUrl ?? document.referrer };
  setTimeout(() => {
    if (currentUrl() === opened.pageUrl) opened.pageTitle = document.title;
  }, TITLE_MS);
  return (page = opened);
}

/** Keep an event. Above 50 events the rest is dropped. */
export function hold(name: string, fields: Fields): void {
  if (held.length >= MAX_HELD) return;
  held.push({ page: currentPage(), createdAt: new Date().toISOString(), name, fields });
}

/** Keep the view of the current page. */
export function holdPageView(): void {
  hold(PAGE_VIEW, {});
}

/** Forget the view of the current page: with consent, the tracker itself tracks it. */
export function dropPageView(): void {
  held = held.filter(({ name, page: { pageUrl } }) => name !== PAGE_VIEW || pageUrl !== currentUrl());
}

/** Return the events as calls of the tracker, and forget them. */
export function release(): ["track", string, Fields & Happened][] {
  const released = held;
  held = [];
  page = null;
  return released.map(({ page, createdAt, name, fields }) => ["track", name, { ...fields, ...page, createdAt }]);
}
