// GET /auth/login?return=/path: leave for the sign-in provider.

import type { NextRequest } from "next/server";
import { ProviderError } from "../../../server/auth/provider.ts";
import { returnPath } from "../../../server/auth/return-path.ts";
import { beginSignIn } from "../../../server/auth/sign-in.ts";
import { redirectTo, signInProblem } from "../../../server/redirects.ts";
import { isLoopback, settings } from "../../../server/settings.ts";

/** Whether the visitor uses 127.0.0.1 where the shop is called localhost: the callback would not find its cookies. */
function isOtherLoopbackName(host: string | null): boolean {
  const origin = new URL(settings().origin);
  return host !== null && host !== origin.host && [host, origin.host].every((each) => isLoopback(new URL(`http://${each}`).hostname));
}

export async function GET(request: NextRequest): Promise<Response> {
  const path = returnPath(request.nextUrl.searchParams.get("return"));
  if (isOtherLoopbackName(request.headers.get("host"))) return redirectTo(`/auth/login?${new URLSearchParams({ return: path })}`);
  try {
    return redirectTo(await beginSignIn(path));
  } catch (problem) {
    if (!(problem instanceof ProviderError)) throw problem;
    console.error(problem.message);
    return signInProblem("failed", path);
  }
}
