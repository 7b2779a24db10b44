// Redirects of route handlers: absolute, on the shop's own origin, and never cached.

import "server-only";
import { settings } from "./settings.ts";

/** Redirect with GET. Paths are pages of the shop; other addresses must be absolute. */
export function redirectTo(address: string): Response {
  const Location = new URL(address, settings().origin).href;
  return new Response(null, { status: 303, headers: { Location, "Cache-Control": "no-store" } });
}

/** Return the page that explains a failed sign-in. */
export function signInProblem(error: "expired" | "denied" | "failed", path: string): Response {
  return redirectTo(`/sign-in?${new URLSearchParams({ error, return: path })}`);
}
