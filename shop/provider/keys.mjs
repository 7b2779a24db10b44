// The provider's signing key and cookie key: made at the first start, then kept.

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";
import { readJson, writeJson } from "./files.mjs";

export async function openKeys(folder) {
  const path = join(folder, "keys.json");
  const known = readJson(path, null);
  if (known) return known;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const signing = { ...(await exportJWK(privateKey)), use: "sig", alg: "RS256", kid: randomBytes(8).toString("hex") };
  const keys = { jwks: { keys: [signing] }, cookies: [randomBytes(32).toString("base64url")] };
  writeJson(path, keys);
  return keys;
}
