// POST /auth/logout: end the session here and at the provider. With everywhere=1, on all devices.
//
// The answer is a page that moves on to the provider. A redirect would be stopped by the form-action of the page's
// Content-Security-Policy, which allows the shop itself only.

import type { NextRequest } from "next/server";
import { endSessionUrl, ProviderError } from "../../../server/auth/provider.ts";
import { closeSession } from "../../../server/auth/web-session.ts";
import { dropCookie, readCookie } from "../../../server/cookies.ts";
import { db } from "../../../server/db.ts";
import { isSameOrigin } from "../../../server/origin.ts";
import { redirectTo } from "../../../server/redirects.ts";

export async function POST(request: NextRequest): Promise<Response> {
  if (!isSameOrigin(request.headers)) return Response.json({ ok: false, error: "cross_origin" }, { status: 403 });
  const form = await request.formData().catch(() => new FormData());
  const token = await readCookie("session");
  const idToken = token ? await closeSession(db(), token, form.get("everywhere") === "1") : null;
  for (const name of ["session", "orders", "coupon"]) await dropCookie(name);
  const next = token ? await providerUrl(idToken) : null;
  return next ? movingOn(next) : redirectTo("/");
}

async function providerUrl(idToken: string | null): Promise<string | null> {
  try {
    return await endSessionUrl(idToken);
  } catch (problem) {
    if (!(problem instanceof ProviderError)) throw problem;
    console.error(problem.message);
    return null;
  }
}

function movingOn(url: string): Response {
  const address = url.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Signing out</title>
<meta http-equiv="refresh" content="0;url=${address}"><p>You are being signed out. <a href="${address}">Continue</a></p></html>`;
  const headers = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
  };
  return new Response(page, { headers });
}
