// GET /auth/login?return=/path: leave for the sign-in provider.

import type { NextRequest } from "next/server";
import { ProviderError } from "../../../server/auth/provider.ts";
import { returnPath } from "../../../server/auth/return-path.ts";
import { beginSignIn } from "../../../server/auth/sign-in.ts";
import { redirectTo, signInProblem } from "../../../server/redirects.ts";

export async function GET(request: NextRequest): Promise<Response> {
  const path = returnPath(request.nextUrl.searchParams.get("return"));
  try {
    return redirectTo(await beginSignIn(path));
  } catch (problem) {
    if (!(problem instanceof ProviderError)) throw problem;
    console.error(problem.message);
    return signInProblem("failed", path);
  }
}
