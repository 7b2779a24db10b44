// Client, session and user of an event, and the campaign that started the session.
// All tabs share a session, which ends after 30 minutes without an event. Without storage an event has no ids:
// an id that lasts for one page would count every page as a visitor.

import { idOf, newId } from "./event.js";
import { SESSION_GAP_MS } from "./limits.js";
import { drop, isAllowed, read, readList, storage, write } from "./storage.js";

const CLIENT = "clickstream:client";
const SESSION = "clickstream:session";

interface Client {
  clientId?: string;
  userId?: string | undefined;
  identitySource?: string | undefined;
}

interface Session {
  sessionId: string;
  isFirstVisit: boolean;
  properties: Record<string, string>;
}

let landing: string; // the query of the first page, kept until consent is given

export function openIdentity(): void {
  landing = location.search;
}

/** Return the identity fields of an event at this time; `properties` holds the campaign. */
export function stamp(at: number): Client & Partial<Session> & { userLoginState: string } {
  let client: Client = { ...read<Client>(CLIENT) };
  const userLoginState = client.userId ? "logged_in" : "anonymous";
  if (!storage) return { ...client, userLoginState, properties: campaignOf(landing) };
  const isFirstVisit = !client.clientId;
  if (isFirstVisit) write(CLIENT, (client = { ...client, clientId: newId() }));
  let [last, session] = readList<[number, Session?]>(SESSION);
  if (!session || at - last > SESSION_GAP_MS) {
    session = { sessionId: newId(), isFirstVisit, properties: campaignOf(landing || location.search) };
    landing = "";
  }
  write(SESSION, [at, session]);
  return { ...client, ...session, userLoginState };
}

export function identify(userId?: string | null, identitySource?: string): void {
  const id = idOf(userId);
  write(CLIENT, { ...read<Client>(CLIENT), userId: id, identitySource: id && identitySource });
}

export function reset(): void {
  write(CLIENT, storage && isAllowed() ? { clientId: newId() } : {}); // a client id now: the next event is not a first visit
  drop(SESSION);
}

/** Return the utm_ parameters of a URL's query. */
export function campaignOf(query: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) if (name.startsWith("utm_")) found[name] = value;
  return found;
}
