// GET /auth/callback: the provider sends the browser back here, with a code or an error.

import type { NextRequest } from "next/server";
import { cookies } from "next/headers";
import { finishSignIn } from "../../../server/auth/sign-in.ts";
import { isSecure } from "../../../server/cookies.ts";
import { redirectTo, signInProblem } from "../../../server/redirects.ts";
import { signIn } from "../../../server/session.ts";
import { SIGNED_IN_COOKIE, SIGNED_IN_MAX_AGE_S } from "../../../track/signed-in.ts";

export async function GET(request: NextRequest): Promise<Response> {
  const result = await finishSignIn(request.nextUrl.searchParams);
  if (!result.ok) {
    console.warn(`sign-in refused: ${result.reason}`);
    return signInProblem(result.error, result.path);
  }
  await signIn(result.identity, result.tokens);
  const readableByScript = { secure: isSecure(), sameSite: "lax", path: "/", maxAge: SIGNED_IN_MAX_AGE_S } as const;
  (await cookies()).set(SIGNED_IN_COOKIE, "1", readableByScript);
  return redirectTo(result.path);
}
