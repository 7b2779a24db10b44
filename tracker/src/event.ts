// An event as a line of JSON, its id, and the fields of an HTML element. Pure, except for the random ids.

import { MAX_TEXT } from "./limits.js";
import type { ElementInfo } from "./types.js";

// Ids that identify nothing: an empty text, and what templates and casts write for a missing value.
const PLACEHOLDER =
  /^(|undefined|null|NULL|Null|None|NaN|nan|nil|<nil>|\[object \w+]|\(not set\)|0{8}-(0{4}-){3}0{12})$/;
const ANONYMOUS = /^(true|false|0|-1|anonymous|guest)$/i;
const ROUTE = /^!?\/[^?&=#]*/;
const ANCHOR = /^[^?&=]+(?![^?&])/;
const FORM_FIELDS = "input,textarea,select,option,[contenteditable]";

/** Return a random UUID. (`crypto.randomUUID` exists on https only.) */
export function newId(): string {
  return "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () =>
    (crypto.getRandomValues(new Uint8Array(1))[0]! & 15).toString(16),
  );
}

/** Return an id as text, or undefined for a placeholder: shared by strangers, it would merge them. */
export function idOf(value: unknown): string | undefined {
  const id = String(value).trim();
  return PLACEHOLDER.test(id) || ANONYMOUS.test(id) ? undefined : id;
}

/**
 * Return a page's URL. Its fragment stays only if it is a route (`#/…`, `#!/…`), or, with `keepsAnchor`, any name.
 * Parameters in the fragment are removed: `#access_token=…` must not be sent.
 */
export function cleanUrl(url: string, keepsAnchor?: boolean): string {
  const [page, fragment = ""] = url.split(/#(.*)/) as [string, string?];
  const kept = ROUTE.exec(fragment) ?? (keepsAnchor && ANCHOR.exec(fragment));
  return kept ? `${page}#${kept}` : page;
}

/** Return the event as JSON. Half a surrogate pair becomes U+FFFD: strict JSON parsers refuse it. */
export function toLine(event: unknown): string {
  return JSON.stringify(event).replace(/\\(ud...|.)/g, (escape, code: string) => (code[1] ? "\ufffd" : escape));
}

/** Return tag, id, role, text and `data-cs-*` of an element, never the contents of form fields (text is then ""). */
export function describe(element: Element): ElementInfo {
  const hasFields = element.closest(FORM_FIELDS) || element.querySelector(FORM_FIELDS);
  const text = hasFields ? "" : [...element.textContent!.replace(/\s+/g, " ").trim()].slice(0, MAX_TEXT).join("");
  return {
    tag: element.localName,
    id: element.getAttribute("id"), // the .id of a form may be one of its fields
    role: element.getAttribute("role"),
    text,
    dataset: dataOf(element, /^cs(?!Product|Event|Ignore)(.)(.*)/),
  };
}

/** Return the data attributes whose dataset name matches; the two groups of `pattern` together are the new name. */
export function dataOf(element: Element, pattern: RegExp): Record<string, string> {
  const found: Record<string, string> = {};
  const { dataset } = element as HTMLElement;
  for (const name in dataset) {
    name.replace(pattern, (_, first, rest) => (found[first.toLowerCase() + rest] = dataset[name]!));
  }
  return found;
}
