// localStorage, where the browser gives it to us, else memory. Everything we keep is named `clickstream:…`, as JSON.
// Nothing here throws: a page must not break because a disk is full or a visitor refuses storage.

let storage: Storage | undefined;
let unstored: Record<string, unknown> = {};

/** Whether anything is stored at all. isUnwanted: keep everything in memory (cookieless mode). */
export function openStorage(isUnwanted: boolean | undefined): boolean {
  try {
    if (!isUnwanted) storage = localStorage; // the mere access throws where a visitor blocks all storage
  } catch {}
  return !!storage;
}

export function read<Value>(name: string): Value | undefined {
  try {
    return (unstored[name] as Value) ?? JSON.parse(storage!.getItem(name)!) ?? undefined;
  } catch {} // not ours, or cut off: made anew
}

/** Whether it is stored; what cannot be is kept for the life of the page. */
export function write(name: string, value: unknown): boolean {
  delete unstored[name];
  try {
    storage!.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    unstored[name] = value; // no storage, or it is full
    return false;
  }
}

/** Whether it is (still) stored, without reading it. */
export function has(name: string): boolean {
  return storage!.getItem(name) !== null;
}

/** Names of what is stored that begin with `start`. */
export function namesOf(start: string): string[] {
  return Object.keys(storage ?? {}).filter((name) => name.startsWith(start));
}

export function drop(name: string): void {
  delete unstored[name];
  storage?.removeItem(name);
}

/** Forget everything, of all tabs. */
export function wipe(): void {
  unstored = {};
  namesOf("clickstream:").forEach(drop);
}
