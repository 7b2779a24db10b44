// The one file that knows the tracker (docs/guide/tracker.md): its calls, its names in localStorage, and consent.
//
// Calls made before the tracker's script has loaded wait in an array; if the collector cannot be reached they stay there,
// and the shop works as usual. Until the visitor decides, the tracker is not called at all, not even with the user: it
// would keep what it learns in this tab's memory, and prefer it to the client id that another tab stores after consent.

import { CONSENT_COOKIE, CONSENT_MAX_AGE_S, type Decision } from "./decision.ts";
import { dropPageView, hold, holdPageView, release, type Happened } from "./waiting.ts";
import type { TrackedOrder } from "../server/tracked-order.ts";

export interface TrackedProduct {
  id: string;
  name: string;
  category: string;
  brand: string;
  price: string;
  discountPrice?: string;
  currency: string;
  urlPath: string;
}

/** The fields of an event that the shop sets; the tracker adds page, client, session and user. */
export interface Fields {
  eventId?: string;
  product?: TrackedProduct;
  order?: TrackedOrder | Pick<TrackedOrder, "total" | "currency" | "items">;
  search?: { term: string; results: number };
  properties?: Record<string, string | number | boolean>;
}

type Call =
  | ["track", string, (Fields & Partial<Happened>)?]
  | ["identify", (string | null)?, string?]
  | ["reset"]
  | ["consent", boolean];

declare global {
  interface Window {
    clickstream?: { push(...calls: Call[]): unknown };
  }
}

const IDENTITY_SOURCE = "shop";
const CONSENT_CHANNEL = "cs_consent"; // between the tabs of the shop
const STORAGE_MS = 500; // longer than localStorage takes from one tab to another
let user: string | null = null;
let applied: Decision | null | undefined; // the decision that this page has brought to the tracker; at first none

function call(...calls: Call[]): void {
  (window.clickstream ??= [] as Call[]).push(...calls);
}

/** Track an event, if the visitor has consented or once the visitor does. Returns whether it was handed to the tracker. */
export function track(name: string, fields: Fields = {}): boolean {
  const decision = applyDecision();
  if (applied === "granted") call(["track", name, fields]);
  else if (decision !== "declined") hold(name, fields);
  return applied === "granted";
}

/** Note that a page has appeared. With consent the tracker sees that itself. */
export function trackPage(): void {
  if (applyDecision() === null) holdPageView();
}

/** Set who the visitor is: the user's id, or null for an anonymous visitor. */
export function identify(userId: string | null): void {
  user = userId;
  if (applied === "granted") call(identity());
  applyDecision();
}

function identity(): Call {
  return user === null ? ["identify"] : ["identify", user, IDENTITY_SOURCE];
}

/** Forget the user after signing out; the browser continues as a new client. */
export function forgetUser(): void {
  user = null;
  if (applied === "granted") call(["reset"]);
}

/** Return the decision that a cookie header or document.cookie holds. */
export function decisionOf(cookies: string): Decision | null {
  const value = new RegExp(`(?:^|; )${CONSENT_COOKIE}=(granted|declined)(?:;|$)`).exec(cookies)?.[1];
  return (value as Decision | undefined) ?? null;
}

/** Keep the visitor's decision, and apply it in this tab and in the others. */
export function decide(isGranted: boolean): void {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const value = isGranted ? "granted" : "declined";
  document.cookie = `${CONSENT_COOKIE}=${value}; Path=/; Max-Age=${CONSENT_MAX_AGE_S}; SameSite=Lax${secure}`;
  applyDecision(true);
  const channel = new BroadcastChannel(CONSENT_CHANNEL);
  channel.postMessage(value);
  channel.close();
}

/**
 * Bring the tracker and the waiting events in line with the shop's cookie, and return its decision. Another tab may have
 * written the cookie, and it may have expired or been deleted. Consent from another tab is applied a moment later: the
 * cookie arrives before the client id in localStorage, and this tab would create a second one.
 */
export function applyDecision(isOwn = false): Decision | null {
  const decision = decisionOf(document.cookie);
  const isFromOtherTab = decision === "granted" && !isOwn && applied !== undefined && applied !== "granted";
  if (decision === "granted") dropPageView();
  if (isFromOtherTab) setTimeout(() => apply(decisionOf(document.cookie)), STORAGE_MS);
  else apply(decision);
  return decision;
}

function apply(decision: Decision | null): void {
  if (decision === applied) return;
  const isStale = decision === null && (applied === "granted" || readStored("clickstream:consent") === true);
  applied = decision;
  const events = decision === null ? [] : release();
  if (decision === "granted") call(identity(), ["consent", true], ...events);
  else if (decision === "declined" || isStale) call(["consent", false]);
}

/** Call the listener when this or another tab decides, and when the tab becomes visible. Returns a function that stops it. */
export function watchDecision(listener: (decision: Decision | null) => void): () => void {
  const channel = new BroadcastChannel(CONSENT_CHANNEL);
  const check = () => listener(applyDecision());
  channel.onmessage = check;
  document.addEventListener("visibilitychange", check);
  return () => {
    channel.close();
    document.removeEventListener("visibilitychange", check);
  };
}

/** Return the tracker's ids of this browser and session; empty without consent or without the tracker. */
export function trackerIds(): { clientId: string; sessionId: string } {
  if (decisionOf(document.cookie) !== "granted") return { clientId: "", sessionId: "" };
  const client = readStored("clickstream:client") as { clientId?: string } | null;
  const session = readStored("clickstream:session") as [number, { sessionId?: string }?] | null;
  return { clientId: client?.clientId ?? "", sessionId: session?.[1]?.sessionId ?? "" };
}

function readStored(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null");
  } catch {
    return null; // storage is blocked, or the value is not JSON
  }
}
