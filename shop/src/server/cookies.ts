// The shop's cookies: names and attributes. On https they have the prefix __Host-, so that no other host can set them;
// browsers refuse that prefix on http://localhost.

import "server-only";
import { cookies } from "next/headers";
import { settings } from "./settings.ts";

export const DAY_S = 86_400;

export const isSecure = () => settings().origin.startsWith("https:");

/** Return the full name of a cookie. */
export function cookieName(name: string): string {
  return `${isSecure() ? "__Host-" : ""}cs_${name}`;
}

/** Return the attributes of a cookie that scripts cannot read. */
export function cookieOptions(maxAge: number) {
  return { httpOnly: true, secure: isSecure(), sameSite: "lax", path: "/", maxAge } as const;
}

export async function readCookie(name: string): Promise<string | null> {
  return (await cookies()).get(cookieName(name))?.value ?? null;
}

/** Set a cookie. Only in server actions and route handlers. */
export async function writeCookie(name: string, value: string, maxAge: number): Promise<void> {
  (await cookies()).set(cookieName(name), value, cookieOptions(maxAge));
}

export async function dropCookie(name: string): Promise<void> {
  await writeCookie(name, "", 0);
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const isUuid = (text: string | null): text is string => text !== null && UUID.test(text);

/** Read a cookie that holds a UUID; null if it holds anything else. */
export async function readIdCookie(name: string): Promise<string | null> {
  const value = await readCookie(name);
  return isUuid(value) ? value : null;
}
