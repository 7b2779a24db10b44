// Sign-in by code with PKCE: what the shop remembers between leaving for the provider and the callback.
//
// Each sign-in has its own sealed cookie, named after its state, so that two tabs can sign in at the same time. It
// is removed at the callback: a callback that is repeated, or was started in another browser, finds none.

import "server-only";
import { createHash, randomBytes } from "node:crypto";
import { cookies } from "next/headers";
import { cookieName, cookieOptions } from "../cookies.ts";
import { settings } from "../settings.ts";
import { endpoints, exchangeCode, ProviderError, verifyIdToken, type Identity, type Tokens } from "./provider.ts";
import { returnPath } from "./return-path.ts";
import { seal, unseal } from "./seal.ts";

const MAX_AGE_S = 600;
const MAX_PENDING = 5;
const PREFIX = "tx_";

const random = () => randomBytes(32).toString("base64url");
const redirectUri = () => `${settings().origin}/auth/callback`;
const nameOf = (state: string) => cookieName(PREFIX + createHash("sha256").update(state).digest("hex").slice(0, 16));

/** Begin a sign-in: set its cookie and return the provider's URL. */
export async function beginSignIn(path: string): Promise<string> {
  const [state, nonce, verifier] = [random(), random(), random()];
  const url = new URL((await endpoints()).authorization);
  const { clientId, scope } = settings();
  const parameters = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri(),
    scope,
    state,
    nonce,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  await dropOldest();
  const sealed = await seal("sign-in", { state, nonce, verifier, path: returnPath(path) }, MAX_AGE_S);
  (await cookies()).set(nameOf(state), sealed, cookieOptions(MAX_AGE_S));
  return url.href;
}

async function dropOldest(): Promise<void> {
  const jar = await cookies();
  const pending = jar.getAll().filter(({ name }) => name.startsWith(cookieName(PREFIX)));
  for (const { name } of pending.slice(0, Math.max(0, pending.length - MAX_PENDING + 1))) {
    jar.set(name, "", cookieOptions(0));
  }
}

/** The result of a callback: who signed in, or why not. `path` is where the visitor wanted to go. */
export type SignIn =
  | { ok: true; identity: Identity; tokens: Tokens; path: string }
  | { ok: false; error: "expired" | "denied" | "failed"; reason: string; path: string };

/** Finish a sign-in with the parameters of the callback. Its cookie is removed, whatever the result. */
export async function finishSignIn(parameters: URLSearchParams): Promise<SignIn> {
  const state = parameters.get("state") ?? "";
  const jar = await cookies();
  const sealed = jar.get(nameOf(state))?.value;
  const started = sealed ? await unseal("sign-in", sealed) : null;
  if (!started || started.state !== state) return { ok: false, error: "expired", reason: "unknown state", path: "/" };
  jar.set(nameOf(state), "", cookieOptions(0));
  const path = returnPath(started.path);
  const error = parameters.get("error");
  if (error) return { ok: false, error: error === "access_denied" ? "denied" : "failed", reason: "refused by the provider", path };
  const issuer = parameters.get("iss");
  if (issuer !== null && issuer !== settings().issuer) return { ok: false, error: "failed", reason: "another issuer", path };
  try {
    const tokens = await exchangeCode(parameters.get("code") ?? "", String(started.verifier), redirectUri());
    const identity = await verifyIdToken(tokens.idToken ?? "", String(started.nonce));
    return { ok: true, identity, tokens, path };
  } catch (problem) {
    if (!(problem instanceof ProviderError)) throw problem;
    return { ok: false, error: "failed", reason: problem.message, path };
  }
}
