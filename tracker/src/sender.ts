// Sends the queue to the collector in batches, and removes the events that the collector has accepted or refused.
//
// An event leaves the queue after a 2xx, or when the collector refuses that event. Everything else is retried: network
// errors, 408, 429, 5xx, and responses that a wrong configuration causes (401, 403, 404, redirects…), so that a wrong
// address loses no events. After 400 and 413 the batch is halved until the event at fault is alone, and dropped.

import { ADOPT_MS, FIRST_WAIT_MS, LINGER_MS, MAX_LEAVING_FAILURES, MAX_WAIT_MS, TIMEOUT_MS } from "./limits.js";
import { FULL_BATCH, MAX_BATCH, MAX_BATCH_BYTES, ROOM_LINES } from "./limits.js";
import { adopt, countDropped, isMirrored, lines, remove, sync, takeDropped, without } from "./queue.js";
import { options } from "./storage.js";
import type { Tracker } from "./types.js";

let track: Tracker["track"];
let inFlight: string[] = [];
let limit = MAX_BATCH;
let failures = 0;
let readyAt = 0;
let timer = 0;

/** reporter: tracks `events_dropped`. */
export function openSender(reporter: Tracker["track"]): void {
  track = reporter;
}

/** Schedule a request; events of the next second share it. A full batch is sent at once. */
export function wake(): void {
  if (lines.length >= FULL_BATCH && Date.now() >= readyAt) send();
  if (!timer) schedule(LINGER_MS);
}

/** Send now, without waiting for the next attempt: the network is back. */
export function hurry(): void {
  readyAt = failures = 0;
  send();
}

/** Send a batch now. isLeaving: the page may end, so send all batches, even during a wait or another request. */
export function send(isLeaving?: boolean): void {
  sync();
  if (isLeaving && isMirrored && failures > MAX_LEAVING_FAILURES) return; // the events are stored, and would fail again
  const count = lines.length < ROOM_LINES && takeDropped();
  if (count) track("events_dropped", { properties: { count } });
  while (isLeaving || !inFlight.length) {
    const room = MAX_BATCH_BYTES - sizeOf(inFlight);
    const batch = cut(without(lines, inFlight), limit, room);
    if (!batch.length || (inFlight.length && sizeOf(batch) > room)) return;
    post(batch);
  }
}

function schedule(wait: number): void {
  clearTimeout(timer);
  timer = setTimeout(
    () => {
      timer = 0;
      send();
      if (adopt() && !timer) schedule(ADOPT_MS);
    },
    // A large Retry-After or a changed clock must not exceed 24 days: browsers fire such a timer at once.
    Math.max(wait, Math.min(MAX_WAIT_MS, readyAt - Date.now())),
  );
}

async function post(batch: string[]): Promise<void> {
  inFlight = inFlight.concat(batch);
  try {
    const response = await fetch(options.endpoint, {
      method: "POST", // a string is text/plain, so the browser needs no preflight, which a closing page could not finish
      body: `{"events":[${batch}],"sentAt":${JSON.stringify(new Date())}}`,
      credentials: "omit",
      redirect: "error", // the browser would follow with a GET, and take that page's 200 for an acknowledgement
      keepalive: sizeOf(batch) <= MAX_BATCH_BYTES,
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    } as RequestInit);
    if (response.ok) {
      limit = MAX_BATCH;
      remove(batch);
    } else if ([400, 413].includes(response.status)) {
      const { rejected } = await response.json().catch(() => 0);
      const refused = rejected?.flatMap(({ index }: { index: number }) => batch[index] ?? []);
      if (refused?.length) remove(refused); // the collector counts these
      else if (batch.length > 1) limit = batch.length >> 1;
      else {
        countDropped();
        remove(batch);
      }
    } else throw response.headers.get("retry-after");
    readyAt = failures = 0;
  } catch (retryAfter) {
    const wait = FIRST_WAIT_MS * 2 ** failures++ * (1 + Math.random());
    readyAt = Date.now() + Math.max(wait, (retryAfter as number) * 1000 || 0); // NaN for a date and for a network error
  }
  inFlight = without(inFlight, batch);
  if (lines.length) schedule(0);
}

/** Return the first lines that fit into `room` bytes, but at least one: a line over the limit is sent alone. */
export function cut(lines: string[], limit: number, room: number): string[] {
  const batch = lines.slice(0, limit);
  while (batch.length > 1 && sizeOf(batch) > room) batch.pop();
  return batch;
}

function sizeOf(batch: string[]): number {
  return new Blob(batch).size + batch.length; // the commas included
}
