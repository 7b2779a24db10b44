// Events that the collector has not acknowledged, as lines of JSON. Each page has one entry in localStorage.
//
// An entry is [time, dropped, owner, ...lines]. A page that closes writes time 0. A tab that crashes releases its Web
// Lock (without Web Locks: no longer updates the time). Then another tab adopts the entry: it takes the lines and
// removes the entry. A page whose entry is missing drops its lines, because another tab has taken them.

import { newId } from "./event.js";
import { CLAIM_MS, MAX_BATCH, MAX_CHARACTERS, MAX_LINES, SILENT_MS, SILENT_WITHOUT_LOCKS_MS } from "./limits.js";
import { drop, has, isAllowed, namesOf, read, readList, write } from "./storage.js";

const QUEUE = "clickstream:queue:";

type Entry = [time: number, dropped: number, owner: string, ...lines: string[]];

/** Lines of JSON, oldest first. */
export let lines: string[] = [];
let dropped = 0;
let own: string;
export let isMirrored = false;
let isAsleep = false;
let release: (() => void) | undefined;

/** Choose a new entry name for this page. (A duplicated tab would share a name kept in sessionStorage.) */
export function openQueue(): void {
  own = QUEUE + newId();
}

export function add(line: string): void {
  check();
  lines.push(line);
  save();
}

export function remove(done: string[]): void {
  check();
  lines = without(lines, done);
  save();
}

export function without(all: string[], excluded: string[]): string[] {
  return all.filter((line) => !excluded.includes(line));
}

/** Return the number of events dropped since the last call. */
export function takeDropped(): number {
  const count = dropped;
  dropped = 0;
  return count;
}

export function countDropped(): void {
  dropped++;
}

/** Notice whether another tab has taken our entry, and update the entry's time. */
export function sync(): void {
  check();
  save();
}

/** asleep: the page is closing or enters the back/forward cache, so other tabs may adopt its entry from now on. */
export function sleep(asleep: boolean): void {
  isAsleep = asleep;
  sync();
}

/**
 * Drop the lines if another tab has taken them or the visitor has withdrawn consent. Consent must be read separately:
 * a tab sees changes of another tab some milliseconds late, and may have written its entry again in between.
 */
function check(): void {
  if (!isAllowed() || (isMirrored && !has(own))) {
    lines = [];
    dropped = 0;
  }
}

function save(): void {
  while (lines.length > MAX_BATCH && (lines.length > MAX_LINES || lines.join().length > MAX_CHARACTERS)) {
    lines.splice(MAX_BATCH, 1); // the oldest line that cannot be part of a request in flight
    dropped++;
  }
  if (lines.length + dropped) isMirrored = write(own, [isAsleep ? 0 : Date.now(), dropped, own, ...lines]);
  else {
    isMirrored = false;
    drop(own);
  }
  if (!isMirrored || isAsleep) {
    release?.();
    release = undefined;
  } else if (!release) {
    // The lock shows that this tab is alive. It is held only while events wait, since it keeps the page from freezing.
    const released = new Promise<void>((resolve) => (release = resolve));
    (navigator.locks as LockManager | undefined)?.request(own, () => released);
  }
}

/** Adopt the entries of closed and crashed tabs, asynchronously. Returns how many other entries exist. */
export function adopt(): number {
  const locks = navigator.locks as LockManager | undefined; // undefined on plain http
  // `!(silent <= …)` is also true for NaN, so an entry without a valid time is adopted too.
  const others = without(namesOf(QUEUE), [own]);
  for (const name of others) {
    const [time, ...rest] = readList<Entry>(name);
    const silent = Date.now() - time;
    if (locks) {
      if (!(silent <= SILENT_MS)) locks.request(name, { ifAvailable: true }, (lock) => lock && take(name));
    } else if (!(silent <= SILENT_WITHOUT_LOCKS_MS)) {
      rest[1] = own;
      write(name, [Date.now(), ...rest]);
      setTimeout(() => read<Entry>(name)?.[2] === own && take(name), CLAIM_MS); // unless another tab claimed it
    }
  }
  return others.length;
}

function take(name: string): void {
  const [, count = 0, , ...more] = readList<Entry>(name);
  check();
  lines = more.concat(lines);
  dropped += count;
  save();
  drop(name); // after the save: a crash in between leaves copies with equal ids, and loses nothing
  if (!isMirrored) save(); // storage was full; now it has room
}
