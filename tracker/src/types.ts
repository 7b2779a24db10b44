// The public types: options, the fields of an event, and the tracker's functions.
// Field names are those of contract/event.schema.json, which the collector reads.

/** The tracker's options. On a script tag they are attributes: `pageViews: false` is `data-page-views="false"`. */
export interface Options {
  /** The URL that events are sent to, such as `https://collect.example/clickstream`. */
  endpoint: string;
  /** `false`: no automatic page views; call `track("page_view")` instead. */
  pageViews?: boolean;
  /** Whether every fragment (`#…`) is a page. Routes (`#/…`, `#!/…`) always are. */
  hash?: boolean;
  /** `"all"`: track every click as `click`, not only links to other hosts and `data-cs-event`. */
  clicks?: "all";
  /** `"required"`: store and send nothing before `consent(true)`. */
  consent?: "required";
  /** Whether Global Privacy Control counts as `consent(false)` until the visitor decides. */
  gpc?: boolean;
  /** Store nothing: no client id, no session, and events that wait are lost when the page closes. */
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
  /** The amount that the customer pays; of `order_refunded`, the amount given back. */
  total?: number | string;
  currency?: string;
  items?: OrderItem[];
  discount?: number | string;
  tax?: number | string;
  shipping?: number | string;
  coupon?: string;
  paymentMethod?: string;
  /** Identifies a refund, so that reports of the same refund count once. */
  refundId?: string;
}

/** A search in the shop. results: how many were found; 0 is a search without results. */
export interface Search {
  term: string;
  results?: number | undefined;
}

export interface ElementInfo {
  tag?: string;
  id?: string | null;
  role?: string | null;
  text?: string;
  dataset?: Record<string, string>;
}

/** The fields of `track`. With an `eventId` (a UUID) an event counts once, however often it is tracked. */
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
  /** Queue an event. Never throws; an event that cannot be written as JSON counts as dropped. */
  track(name: string, fields?: Fields): void;
  /**
   * Set the user id until `reset`. Without an id, or with a placeholder such as `"undefined"` or `"guest"`: the user has
   * logged out, the browser stays the same client.
   */
  identify(userId?: string | null, source?: string): void;
  /** Forget the user; continue as a new client in a new session. */
  reset(): void;
  /** `false`: remove ids and queue, and send nothing; `true`: track. The browser stores the decision. */
  consent(isGranted: boolean): void;
  /** Run calls such as `["track", "name"]`. Before the script has loaded, `window.clickstream = []` stores them. */
  push(...calls: Call[]): void;
}

export type Call = {
  [Verb in Exclude<keyof Tracker, "push">]: [Verb, ...Parameters<Tracker[Verb]>];
}[Exclude<keyof Tracker, "push">];
