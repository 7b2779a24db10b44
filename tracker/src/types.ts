// What a page sees of the tracker: its options, the fields of an event, and the verbs.
// The names of an event's fields are those of contract/event.schema.json; the collector reads the same.

/** How a tracker behaves. On a script tag each is an attribute: `pageViews: false` is `data-page-views="false"`. */
export interface Options {
  /** Where events are sent: the whole URL, such as `https://collect.example/clickstream`. */
  endpoint: string;
  /** `false`: no automatic page views; call `track("page_view")`. */
  pageViews?: boolean;
  /** Whether a change of `#…` alone is another page. */
  hash?: boolean;
  /** `"all"`: a `click` event for every click, not only on links to other hosts and on `data-cs-event`. */
  clicks?: "all";
  /** `"required"`: nothing is stored or sent before `consent(true)`. */
  consent?: "required";
  /** Whether Global Privacy Control counts as `consent(false)` where nothing else was said. */
  gpc?: boolean;
  /** No storage at all: no client id, no session, and what waits is lost with the page. */
  cookieless?: boolean;
}

export interface Product {
  id: string;
  name?: string;
  category?: string;
  brand?: string;
  price?: number | string;
  discountPrice?: number | string;
  currency?: string;
  urlPath?: string;
}

export interface OrderItem {
  id: string;
  name?: string;
  category?: string;
  brand?: string;
  price?: number | string;
  quantity?: number;
}

export interface Order {
  id?: string;
  total?: number | string;
  currency?: string;
  discount?: number | string;
  tax?: number | string;
  shipping?: number | string;
  coupon?: string;
  paymentMethod?: string;
  refundId?: string;
  items?: OrderItem[];
}

export interface Search {
  term?: string;
  results?: number;
}

export interface ElementInfo {
  tag?: string;
  id?: string | null;
  role?: string | null;
  text?: string;
  dataset?: Record<string, string>;
}

/** What `track` takes besides the name. `eventId` (a UUID) makes an event count once however often it is tracked. */
export interface Fields {
  eventId?: string;
  pageUrl?: string;
  pageTitle?: string;
  referrer?: string;
  country?: string;
  product?: Product;
  element?: ElementInfo;
  order?: Order;
  search?: Search;
  properties?: Record<string, unknown>;
}

export interface Tracker {
  /** Queue an event. Never throws; what cannot be written as JSON is counted as dropped. */
  track(name: string, fields?: Fields): void;
  /** Say who the visitor is; remembered until `reset`. Without an id: logged out, but the same browser. */
  identify(userId?: string | null, source?: string): void;
  /** Forget the user, and go on as another client in a new session. */
  reset(): void;
  /** `false`: wipe ids and queue and send nothing more; `true`: go on. Remembered by the browser. */
  consent(isGranted: boolean): void;
  /** Run calls such as `["track", "name"]`; `window.clickstream = []` may take them until the script is there. */
  push(...calls: Call[]): void;
}

export type Call = {
  [Verb in Exclude<keyof Tracker, "push">]: [Verb, ...Parameters<Tracker[Verb]>];
}[Exclude<keyof Tracker, "push">];
