// Brings the queue to the collector, a batch at a time, and takes out of it what the collector has judged.
//
// A line leaves the queue when a 2xx is seen, or when the collector refuses that line. Everything else is tried
// again: network errors, 408, 429, 5xx, and answers that blame the set-up (401, 403, 404…), since a wrong address
// is no reason to lose events. 400, 413 and 422 blame the batch: it is halved until the line at fault stands alone.

import { ADOPT_MS, FIRST_WAIT_MS, LINGER_MS, MAX_LEAVING_FAILURES, MAX_WAIT_MS, TIMEOUT_MS } from "./limits";
import { FULL_BATCH, MAX_BATCH, MAX_BATCH_BYTES, ROOM_LINES } from "./limits";
import { adopt, countDropped, isMirrored, lines, remove, sync, takeDropped, without } from "./queue";
import type { Tracker } from "./types";

let endpoint: string;
let track: Tracker["track"];
let onTheirWay: string[] = [];
let limit = MAX_BATCH;
let failures = 0;
let readyAt = 0;
let timer = 0;

/** url: where batches go. tracking: how to tell that events were dropped. */
export function openSender(url: string, tracking: Tracker["track"]): void {
  endpoint = url;
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
      const isWatching = adopt(() => schedule(0));
      send();
      if (isWatching && !timer) schedule(ADOPT_MS);
    },
    Math.max(wait, readyAt - Date.now()),
  );
}

async function post(batch: string[]): Promise<void> {
  onTheirWay = onTheirWay.concat(batch);
  let wait = 0;
  try {
    const answer = await fetch(endpoint, {
      method: "POST", // a string goes as text/plain: no preflight, which a closing page could not finish
      body: `{"events":[${batch}],"sentAt":"${new Date().toISOString()}"}`,
      credentials: "omit",
      keepalive: sizeOf(batch) <= MAX_BATCH_BYTES,
      signal: AbortSignal.timeout?.(TIMEOUT_MS),
    } as RequestInit);
    if (answer.ok) {
      limit = MAX_BATCH;
      remove(batch);
    } else if ([400, 413, 422].includes(answer.status)) {
      const { rejected } = await answer.json().catch(() => 0);
      const judged = rejected?.flatMap(({ index }: { index: number }) => batch[index] ?? []);
      if (judged?.length) remove(judged); // the collector counts these
      else if (batch.length > 1) limit = batch.length >> 1;
      else {
        countDropped();
        remove(batch);
      }
    } else throw answer.headers.get("retry-after");
    failures = 0;
  } catch (retryAfter) {
    wait = Math.max(
      (Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** failures++) * (1 + Math.random())) / 2,
      (retryAfter as number) * 1000 || 0, // as a date, or of a network error: no number
    );
  }
  readyAt = Date.now() + wait;
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
