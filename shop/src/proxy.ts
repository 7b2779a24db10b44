// Security headers of every page. The Content-Security-Policy has a nonce that is new for each request: Next.js and the
// tracker's tag carry it, and no other script runs.

import { NextResponse, type NextRequest } from "next/server";
import { settings } from "./server/settings.ts";

export const config = { matcher: "/((?!_next/static|pictures/|favicon.ico).*)" };

export function proxy(request: NextRequest): NextResponse {
  if (!isDecodable(request.nextUrl.pathname)) return new NextResponse("malformed address", { status: 400, headers: FIXED });
  const nonce = Buffer.from(crypto.randomUUID()).toString("base64");
  const policy = contentSecurityPolicy(nonce);
  const headers = new Headers(request.headers);
  headers.set("x-nonce", nonce);
  headers.set("content-security-policy", policy); // Next.js takes the nonce for its own scripts from here
  const response = NextResponse.next({ request: { headers } });
  for (const [name, value] of Object.entries({ ...FIXED, "Content-Security-Policy": policy })) response.headers.set(name, value);
  if (settings().origin.startsWith("https:")) {
    response.headers.set("Strict-Transport-Security", "max-age=63072000; includeSubDomains");
  }
  return response;
}

/** Next.js fails on a path whose percent signs do not encode UTF-8. */
function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

const FIXED = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "strict-origin-when-cross-origin",
  "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
  "Cross-Origin-Opener-Policy": "same-origin",
};

function contentSecurityPolicy(nonce: string): string {
  const { collectorUrl, assetsUrl, origin } = settings();
  const development = process.env.NODE_ENV === "development";
  const directives = {
    "default-src": ["'self'"],
    "script-src": ["'self'", `'nonce-${nonce}'`, "'strict-dynamic'", ...(development ? ["'unsafe-eval'"] : [])],
    "style-src": ["'self'", development ? "'unsafe-inline'" : `'nonce-${nonce}'`],
    "img-src": ["'self'", "data:", ...(assetsUrl ? [new URL(assetsUrl).origin] : [])],
    "connect-src": ["'self'", new URL(collectorUrl).origin, ...(development ? ["ws:"] : [])],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
    "object-src": ["'none'"],
    ...(origin.startsWith("https:") ? { "upgrade-insecure-requests": [] } : {}),
  };
  return Object.entries(directives).map(([name, sources]) => [name, ...sources].join(" ")).join("; ");
}
