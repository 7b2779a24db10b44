// The visitor's decision on tracking, from the cookie that the consent banner writes. No decision counts as none given.

import "server-only";
import { cookies } from "next/headers";
import { CONSENT_COOKIE, type Decision } from "../track/decision.ts";

export async function readConsent(): Promise<Decision | null> {
  const value = (await cookies()).get(CONSENT_COOKIE)?.value;
  return value === "granted" || value === "declined" ? value : null;
}
