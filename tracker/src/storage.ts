// Values in localStorage, or in memory where storage is unavailable or not allowed. Names begin with `clickstream:`,
// values are JSON. Nothing here throws: a full disk or blocked storage must not break a page.

import type { Options } from "./types.js";

export let options: Options;
export let storage: Storage | undefined;
const unstored: Record<string, unknown> = {};

export const CONSENT = "clickstream:consent";

/** Without storage, as in cookieless mode, values are kept in memory. */
export function openStorage(given: Options): void {
  options = given;
  try {
    storage = localStorage; // reading this property throws if the visitor blocks all storage
    if (options.cookieless || !isAllowed()) wipe(); // values that an earlier page stored
    if (options.cookieless) storage = undefined;
  } catch {}
}

/** Return the value, or null or undefined if none is stored. */
export function read<Value>(name: string): Value | null | undefined {
  try {
    return (unstored[name] as Value) ?? JSON.parse(storage!.getItem(name)!);
  } catch {} // not JSON: as if nothing were stored
}

/** Return the list stored under a name. If another value is stored there, return a list of that value. */
export function readList<List extends unknown[]>(name: string): List {
  return ([] as unknown[]).concat(read(name)) as List;
}

/** Return whether events may be tracked: the visitor's decision, or else the page's options. */
export function isAllowed(): boolean {
  return (
    read<boolean>(CONSENT) ??
    !(options.consent || (options.gpc && (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl))
  );
}

/** Store a value and return true. If that fails or is not allowed, keep it for this page and return false. */
export function write(name: string, value: unknown): boolean {
  delete unstored[name];
  try {
    if (name === CONSENT || isAllowed()) {
      storage!.setItem(name, JSON.stringify(value));
      return true;
    }
  } catch {} // storage is missing or full
  unstored[name] = value;
  return false;
}

/** Return whether a value is in localStorage, without parsing it. */
export function has(name: string): boolean {
  return name in storage!;
}

/** Return the names of all values, stored or in memory, that begin with `start`. */
export function namesOf(start: string): string[] {
  return Object.keys({ ...storage, ...unstored }).filter((name) => name.startsWith(start));
}

export function drop(name: string): void {
  delete unstored[name];
  storage?.removeItem(name);
}

/** Remove everything, also the entries of other tabs, except the visitor's decision on consent. */
export function wipe(): void {
  namesOf("clickstream:").forEach((name) => name === CONSENT || drop(name));
}
