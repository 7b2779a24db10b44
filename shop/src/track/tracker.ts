// The one file that knows the tracker (docs/guide/tracker.md): its calls, its names in localStorage, and consent.
//
// Calls made before the tracker's script has loaded wait in an array; if the collector cannot be reached they stay there,
// and the shop works as usual. Before the visitor decides, events wait in the page's memory: consent sends them,
// declining drops them.

import { CONSENT_COOKIE, CONSENT_MAX_AGE_S, type Decision } from "./decision.ts";
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
  | ["track", string, Fields?]
  | ["identify", (string | null)?, string?]
  | ["reset"]
  | ["consent", boolean];

declare global {
  interface Window {
    clickstream?: { push(...calls: Call[]): unknown };
  }
}

const IDENTITY_SOURCE = "shop";
const MAX_WAITING = 50;
let waiting: Call[] = [];

function call(...calls: Call[]): void {
  (window.clickstream ??= [] as Call[]).push(...calls);
}

/** Track an event, if the visitor has consented or once the visitor does. Returns whether it was handed to the tracker. */
export function track(name: string, fields: Fields = {}): boolean {
  const decision = decisionOf(document.cookie);
  if (decision === "granted") call(["track", name, fields]);
  else if (decision === null && waiting.length < MAX_WAITING) waiting.push(["track", name, fields]);
  return decision === "granted";
}

/** Set who the visitor is: the user's id, or null for an anonymous visitor. */
export function identify(userId: string | null): void {
  call(userId === null ? ["identify"] : ["identify", userId, IDENTITY_SOURCE]);
}

/** Forget the user after signing out; the browser continues as a new client. */
export function forgetUser(): void {
  call(["reset"]);
}

/** Return the decision that a cookie header or document.cookie holds. */
export function decisionOf(cookies: string): Decision | null {
  const value = new RegExp(`(?:^|; )${CONSENT_COOKIE}=(granted|declined)(?:;|$)`).exec(cookies)?.[1];
  return (value as Decision | undefined) ?? null;
}

/** Keep the visitor's decision, and apply it to the tracker and to the events that wait for it. */
export function decide(isGranted: boolean): void {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const value = isGranted ? "granted" : "declined";
  document.cookie = `${CONSENT_COOKIE}=${value}; Path=/; Max-Age=${CONSENT_MAX_AGE_S}; SameSite=Lax${secure}`;
  call(["consent", isGranted], ...(isGranted ? waiting : []));
  waiting = [];
}

/** Bring the tracker's stored consent in line with the shop's cookie, which may have expired or been deleted. */
export function applyDecision(): void {
  const isGranted = decisionOf(document.cookie) === "granted";
  const wasGranted = readStored("clickstream:consent") === true;
  if (isGranted !== wasGranted) call(["consent", isGranted]);
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
