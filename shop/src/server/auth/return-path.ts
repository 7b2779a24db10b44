// Where a visitor goes after signing in: only to a page of the shop.

const MAX_LENGTH = 1_000;

/** Return the path and query if the value is a path inside the shop, else "/". Pages below /auth do not count. */
export function returnPath(value: unknown): string {
  if (typeof value !== "string" || !value.startsWith("/") || value.length > MAX_LENGTH) return "/";
  const base = "http://shop.invalid";
  const url = URL.parse(value, base); // reads "//host", "/\host" and control characters as a browser does
  if (!url || url.origin !== base || /^\/(auth|api|sign-in)(\/|$)/.test(url.pathname)) return "/";
  return url.pathname.startsWith("//") ? "/" : url.pathname + url.search;
}
