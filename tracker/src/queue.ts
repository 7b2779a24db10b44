// Events that were not yet acknowledged, as lines of JSON, mirrored in localStorage under a key of this tab.
//
// An entry is [time, dropped, owner, ...lines]. A tab that ends leaves its entry with time 0; one that dies stops
// holding its lock (where there are no Web Locks: stops refreshing the time), and another tab adopts the entry.
// Whoever takes an entry removes it; a tab that finds its own gone has lost its lines to another.

import { newId } from "./event.js";
import { CLAIM_MS, MAX_BATCH, MAX_CHARACTERS, MAX_LINES, SILENT_MS, SILENT_WITHOUT_LOCKS_MS } from "./limits.js";
import { drop, has, isAllowed, namesOf, read, readList, write } from "./storage.js";

const QUEUE = "clickstream:queue:";

type Entry = [time: number, dropped: number, owner: string, ...lines: string[]];

/** The lines, oldest first. */
export let lines: string[] = [];
let dropped = 0;
let own: string;
export let isMirrored = false;
let isAsleep = false;
let release: (() => void) | undefined;

/** The entry gets a name for each page that is loaded: a copied tab copies its session storage too. */
export function openQueue(): void {
  own = QUEUE + newId();
}

export function add(line: string): void {
  check();
  lines.push(line);
  save();
}

export function remove(gone: string[]): void {
  check();
  lines = without(lines, gone);
  save();
}

export function without(from: string[], gone: string[]): string[] {
  return from.filter((line) => !gone.includes(line));
}

/** Lines that were given up since this was asked last. */
export function takeDropped(): number {
  const count = dropped;
  dropped = 0;
  return count;
}

export function countDropped(): void {
  dropped++;
}

/** See what became of our entry, and show that we live. */
export function sync(): void {
  check();
  save();
}

/** The page goes, or sleeps: others may have what is here, and what is added after this. Or it is back. */
export function sleep(asleep: boolean): void {
  isAsleep = asleep;
  sync();
}

/**
 * Another tab took our lines, or the visitor withdrew consent: then they are ours no more. That our entry is gone does
 * not tell of the latter: a tab hears of another's change some milliseconds late, and may have written it again.
 */
function check(): void {
  if (!isAllowed() || (isMirrored && !has(own))) {
    lines = [];
    dropped = 0;
  }
}

function save(): void {
  while (lines.length > MAX_BATCH && (lines.length > MAX_LINES || lines.join().length > MAX_CHARACTERS)) {
    lines.splice(MAX_BATCH, 1); // the oldest that is surely not on its way
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
    // The lock says that this tab lives. Held only while something waits: it keeps a page from being frozen.
    const released = new Promise<void>((resolve) => (release = resolve));
    (navigator.locks as LockManager | undefined)?.request(own, () => released);
  }
}

/** Take what dead tabs left, a little later; how many other tabs have an entry, and may have died by then. */
export function adopt(): number {
  const locks = navigator.locks as LockManager | undefined; // none on plain http
  // What is no entry, nor a time, has no age: "not younger" takes it too.
  const others = without(namesOf(QUEUE), [own]);
  for (const name of others) {
    const [time, ...rest] = readList<Entry>(name);
    const silent = Date.now() - time;
    if (locks) {
      if (!(silent <= SILENT_MS)) locks.request(name, { ifAvailable: true }, (lock) => lock && take(name));
    } else if (!(silent <= SILENT_WITHOUT_LOCKS_MS)) {
      rest[1] = own;
      write(name, [Date.now(), ...rest]);
      setTimeout(() => read<Entry>(name)?.[2] === own && take(name), CLAIM_MS); // nobody objected
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
  drop(name); // after the save: a crash in between doubles (same ids), and loses nothing
  if (!isMirrored) save(); // now there is room for it
}
