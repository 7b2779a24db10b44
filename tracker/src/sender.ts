// Brings the queue to the collector, a batch at a time, and takes out of it what the collector has judged.
//
// A line leaves the queue when a 2xx is seen, or when the collector refuses that line. Everything else is tried
// again: network errors, 408, 429, 5xx, and answers that blame the set-up (401, 403, 404, redirects…), since a wrong
// address is no reason to lose events. 400 and 413 blame the batch: it is halved until the line at fault stands alone.

import { ADOPT_MS, FIRST_WAIT_MS, LINGER_MS, MAX_LEAVING_FAILURES, MAX_WAIT_MS, TIMEOUT_MS } from "./limits.js";
import { FULL_BATCH, MAX_BATCH, MAX_BATCH_BYTES, ROOM_LINES } from "./limits.js";
import { adopt, countDropped, isMirrored, lines, remove, sync, takeDropped, without } from "./queue.js";
import { options } from "./storage.js";
import type { Tracker } from "./types.js";

let track: Tracker["track"];
let onTheirWay: string[] = [];
let limit = MAX_BATCH;
let failures = 0;
let readyAt = 0;
let timer = 0;

/** tracking: how to tell that events were dropped. */
export function openSender(tracking: Tracker["track"]): void {
  track = tracking;
}

/** Something may wait: send it soon, together with what comes next. */
export function wake(): void {
  if (lines.length >= FULL_BATCH && Date.now() >= readyAt) send();
  if (!timer) schedule(LINGER_MS);
}

/** The network is back: do not wait for the next attempt. */
export function hurry(): void {
  readyAt = failures = 0;
  send();
}

/** Send what can be sent, now. isLeaving: even while a batch is on its way or a wait lasts, for the page may end. */
export function send(isLeaving?: boolean): void {
  sync();
  if (isLeaving && isMirrored && failures > MAX_LEAVING_FAILURES) return; // it is kept, and would fail once more
  const count = lines.length < ROOM_LINES && takeDropped();
  if (count) track("events_dropped", { properties: { count } });
  while (isLeaving || !onTheirWay.length) {
    const room = MAX_BATCH_BYTES - sizeOf(onTheirWay);
    const batch = cut(without(lines, onTheirWay), limit, room);
    if (!batch.length || (onTheirWay.length && sizeOf(batch) > room)) return;
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
    // Whatever the collector asked for, or the clock was set to: a timer of more than 24 days would fire at once.
    Math.max(wait, Math.min(MAX_WAIT_MS, readyAt - Date.now())),
  );
}

async function post(batch: string[]): Promise<void> {
  onTheirWay = onTheirWay.concat(batch);
  try {
    const answer = await fetch(options.endpoint, {
      method: "POST", // a string goes as text/plain: no preflight, which a closing page could not finish
      body: `{"events":[${batch}],"sentAt":${JSON.stringify(new Date())}}`,
      credentials: "omit",
      redirect: "error", // a followed POST becomes a GET, and whatever page it ends at would look like a 2xx
      keepalive: sizeOf(batch) <= MAX_BATCH_BYTES,
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    } as RequestInit);
    if (answer.ok) {
      limit = MAX_BATCH;
      remove(batch);
    } else if ([400, 413].includes(answer.status)) {
      const { rejected } = await answer.json().catch(() => 0);
      const judged = rejected?.flatMap(({ index }: { index: number }) => batch[index] ?? []);
      if (judged?.length) remove(judged); // the collector counts these
      else if (batch.length > 1) limit = batch.length >> 1;
      else {
        countDropped();
        remove(batch);
      }
    } else throw answer.headers.get("retry-after");
    readyAt = failures = 0;
  } catch (retryAfter) {
    const wait = FIRST_WAIT_MS * 2 ** failures++ * (1 + Math.random());
    readyAt = Date.now() + Math.max(wait, (retryAfter as number) * 1000 || 0); // a date, a network error: no number
  }
  onTheirWay = without(onTheirWay, batch);
  if (lines.length) schedule(0);
}

/** The first lines that fit into a batch; one that fits nowhere goes alone. room: in bytes. */
export function cut(lines: string[], limit: number, room: number): string[] {
  const batch = lines.slice(0, limit);
  while (batch.length > 1 && sizeOf(batch) > room) batch.pop();
  return batch;
}

function sizeOf(batch: string[]): number {
  return new Blob(batch).size + batch.length; // with their commas
}
