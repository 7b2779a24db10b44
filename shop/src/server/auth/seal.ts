// Sealed values: encrypted and authenticated with a key derived from SHOP_SECRET, one key for each purpose.

import "server-only";
import { hkdfSync } from "node:crypto";
import { EncryptJWT, jwtDecrypt } from "jose";
import { settings } from "../settings.ts";

export type Purpose = "sign-in" | "token";

function keyOf(purpose: Purpose): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", settings().secret, "", `clickstream shop ${purpose}`, 32));
}

/** Seal a record. With maxAge (in seconds) it opens only until then. */
export async function seal(purpose: Purpose, record: Record<string, string>, maxAge?: number): Promise<string> {
  const token = new EncryptJWT(record).setProtectedHeader({ alg: "dir", enc: "A256GCM" }).setIssuedAt();
  if (maxAge !== undefined) token.setExpirationTime(`${maxAge}s`);
  return token.encrypt(keyOf(purpose));
}

/** Open a sealed record; null if it was changed, sealed for another purpose or with another secret, or is too old. */
export async function unseal(purpose: Purpose, sealed: string): Promise<Record<string, unknown> | null> {
  try {
    const options = { keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] };
    return (await jwtDecrypt(sealed, keyOf(purpose), options)).payload;
  } catch {
    return null;
  }
}

/** Seal one token for the database. */
export async function sealToken(token: string | null | undefined): Promise<string | null> {
  return token ? seal("token", { token }) : null;
}

/** Open a token that `sealToken` sealed; null if there is none or it cannot be opened. */
export async function openToken(sealed: string | null): Promise<string | null> {
  const record = sealed ? await unseal("token", sealed) : null;
  return typeof record?.token === "string" ? record.token : null;
}
