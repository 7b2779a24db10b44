// localStorage, where the browser gives it to us and the visitor lets us, else memory. Everything we keep is named
// `clickstream:…`, as JSON. Nothing here throws: a page must not break because a disk is full or storage is refused.

import type { Options } from "./types.js";

export let options: Options;
export let storage: Storage | undefined;
const unstored: Record<string, unknown> = {};

export const CONSENT = "clickstream:consent";

/** Without storage, as in cookieless mode, everything is kept in memory. */
export function openStorage(given: Options): void {
  options = given;
  try {
    storage = localStorage; // the mere access throws where a visitor blocks all storage
    if (options.cookieless || !isAllowed()) wipe(); // what an earlier page kept
    if (options.cookieless) storage = undefined;
  } catch {}
}

/** null or undefined: there is none. */
export function read<Value>(name: string): Value | null | undefined {
  try {
    return (unstored[name] as Value) ?? JSON.parse(storage!.getItem(name)!);
  } catch {} // not ours, or cut off: made anew
}

/** What was written as a list. It is one even where something else stands now, but then holds anything. */
export function readList<List extends unknown[]>(name: string): List {
  return ([] as unknown[]).concat(read(name)) as List;
}

/** Whether events may be noted: what the visitor said, else what the page's options say. */
export function isAllowed(): boolean {
  return (
    read<boolean>(CONSENT) ??
    !(options.consent || (options.gpc && (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl))
  );
}

/** Whether it is stored; what cannot be, or may not, is kept for the life of the page. */
export function write(name: string, value: unknown): boolean {
  delete unstored[name];
  try {
    if (name === CONSENT || isAllowed()) {
      storage!.setItem(name, JSON.stringify(value));
      return true;
    }
  } catch {} // no storage, or it is full
  unstored[name] = value;
  return false;
}

/** Whether it is (still) stored, without reading it. */
export function has(name: string): boolean {
  return name in storage!;
}

/** Names of what is kept that begin with `start`. */
export function namesOf(start: string): string[] {
  return Object.keys({ ...storage, ...unstored }).filter((name) => name.startsWith(start));
}

export function drop(name: string): void {
  delete unstored[name];
  storage?.removeItem(name);
}

/** Forget everything, of all tabs, but for the visitor's no. */
export function wipe(): void {
  namesOf("clickstream:").forEach((name) => name === CONSENT || drop(name));
}
