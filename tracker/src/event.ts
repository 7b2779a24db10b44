// An event as a line of JSON, its id, and what may be read of an element. Pure, but for the random numbers of ids.

import { MAX_TEXT } from "./limits.js";
import type { ElementInfo } from "./types.js";

const FORM_FIELDS = "input,textarea,select,option,[contenteditable]";

/** A random UUID; `crypto.randomUUID` exists on https only. */
export function newId(): string {
  return "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () =>
    (crypto.getRandomValues(new Uint8Array(1))[0]! & 15).toString(16),
  );
}

/** JSON that the collector can decode: half a surrogate pair would refuse the whole batch. */
export function toLine(event: unknown): string {
  return JSON.stringify(event).replace(/\\(ud...|.)/g, (escape, code: string) => (code[1] ? "\ufffd" : escape));
}

/** Tag, id, role, text ("" for none) and `data-cs-*` of an element. Never what somebody typed or chose. */
export function describe(element: Element): ElementInfo {
  const hasFields = element.closest(FORM_FIELDS) || element.querySelector(FORM_FIELDS);
  const text = hasFields ? "" : element.textContent!.replace(/\s+/g, " ").trim().slice(0, MAX_TEXT);
  return {
    tag: element.localName,
    id: element.getAttribute("id"), // a form's .id may be one of its fields
    role: element.getAttribute("role"),
    text,
    dataset: dataOf(element, /^cs(?!Product|Event|Ignore)(.)(.*)/),
  };
}

/** Attributes of an element whose name in its dataset matches: `(.)(.*)` of the pattern is the name to give. */
export function dataOf(element: Element, pattern: RegExp): Record<string, string> {
  const found: Record<string, string> = {};
  const { dataset } = element as HTMLElement;
  for (const name in dataset) {
    name.replace(pattern, (_, first, rest) => (found[first.toLowerCase() + rest] = dataset[name]!));
  }
  return found;
}
