// Whether a request was sent by a page of the shop. Route handlers that change something refuse all others.

import "server-only";
import { settings } from "./settings.ts";

/** Browsers send Origin with every POST, and Sec-Fetch-Site with every request; either must name the shop. */
export function isSameOrigin(headers: Headers): boolean {
  const origin = headers.get("origin");
  if (origin !== null) return origin === settings().origin;
  return headers.get("sec-fetch-site") === "same-origin";
}
