// The OpenID Connect provider: its endpoints from discovery, and the requests that the shop sends to it.
//
// Amazon Cognito's managed login and any other provider with discovery work by settings alone. A provider that fails
// or takes too long is a ProviderError; `isRefusal` tells a decision of the provider from an outage.

import "server-only";
import { createRemoteJWKSet, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from "jose";
import { isLoopback, settings } from "../settings.ts";

const TIMEOUT_MS = 5_000;
const DISCOVERY_MAX_AGE_MS = 3_600_000;
const CLOCK_TOLERANCE_S = 30;
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"];

export class ProviderError extends Error {
  constructor(
    readonly doing: string,
    readonly reason: string,
    readonly isRefusal: boolean,
  ) {
    super(`sign-in provider: ${doing}: ${reason}`);
  }
}

interface Endpoints {
  authorization: string;
  token: string;
  revocation: string | null;
  endSession: string | null;
  keys: JWTVerifyGetKey;
}

export interface Tokens {
  idToken: string | null;
  refreshToken: string | null;
  expiresInS: number;
}

export interface Identity {
  subject: string;
  email: string;
  name: string;
}

const shared = globalThis as { shopProvider?: { endpoints: Endpoints; readAt: number } };

/** Return the provider's endpoints, read at most once an hour. If reading them again fails, the old ones stay. */
export async function endpoints(): Promise<Endpoints> {
  const known = shared.shopProvider;
  if (known && Date.now() - known.readAt < DISCOVERY_MAX_AGE_MS) return known.endpoints;
  try {
    const found = await discover();
    shared.shopProvider = { endpoints: found, readAt: Date.now() };
    return found;
  } catch (error) {
    if (known) return known.endpoints;
    throw error;
  }
}

async function discover(): Promise<Endpoints> {
  const { issuer } = settings();
  const document = await request("reading its configuration", `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (document.issuer !== issuer) throw new ProviderError("reading its configuration", "another issuer", false);
  return {
    authorization: requiredUrl(document, "authorization_endpoint"),
    token: requiredUrl(document, "token_endpoint"),
    revocation: urlOf(document, "revocation_endpoint"),
    endSession: urlOf(document, "end_session_endpoint"),
    keys: createRemoteJWKSet(new URL(requiredUrl(document, "jwks_uri")), { timeoutDuration: TIMEOUT_MS }),
  };
}

function requiredUrl(document: Record<string, unknown>, name: string): string {
  const url = urlOf(document, name);
  if (!url) throw new ProviderError("reading its configuration", `${name} is missing or not https`, false);
  return url;
}

function urlOf(document: Record<string, unknown>, name: string): string | null {
  const url = typeof document[name] === "string" ? URL.parse(document[name]) : null;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  return url && isSafe ? url.href : null;
}

async function request(doing: string, url: string, body?: URLSearchParams): Promise<Record<string, unknown>> {
  let response: Response;
  try {
    response = await fetch(url, { ...(body ? post(body) : {}), signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error", cache: "no-store" });
  } catch (error) {
    throw new ProviderError(doing, error instanceof Error ? error.name : "no response", false);
  }
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (response.ok) return answer;
  const reason = typeof answer.error === "string" ? answer.error : `status ${response.status}`;
  throw new ProviderError(doing, reason, reason === "invalid_grant");
}

/** A form POST, authenticated as the shop where it has a client secret. */
function post(body: URLSearchParams): RequestInit {
  const { clientId, clientSecret } = settings();
  body.set("client_id", clientId);
  if (!clientSecret) return { method: "POST", body };
  body.delete("client_id");
  const credentials = [clientId, clientSecret].map(encodeURIComponent).join(":");
  return { method: "POST", body, headers: { Authorization: `Basic ${Buffer.from(credentials).toString("base64")}` } };
}

/** Exchange the code of a callback for tokens. */
export async function exchangeCode(code: string, verifier: string, redirectUri: string): Promise<Tokens> {
  const body = new URLSearchParams({ grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: redirectUri });
  return toTokens(await request("exchanging the code", (await endpoints()).token, body));
}

/** Exchange a refresh token for new tokens. A provider that does not rotate returns no refresh token. */
export async function refresh(refreshToken: string): Promise<Tokens> {
  const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken });
  return toTokens(await request("refreshing", (await endpoints()).token, body));
}

/** Revoke a refresh token, where the provider can. */
export async function revoke(refreshToken: string): Promise<void> {
  const { revocation } = await endpoints();
  if (!revocation) return;
  await request("revoking", revocation, new URLSearchParams({ token: refreshToken, token_type_hint: "refresh_token" }));
}

function toTokens(answer: Record<string, unknown>): Tokens {
  const text = (name: string) => (typeof answer[name] === "string" ? answer[name] : null);
  const expiresIn = Number(answer.expires_in);
  return {
    idToken: text("id_token"),
    refreshToken: text("refresh_token"),
    expiresInS: expiresIn > 0 ? expiresIn : 300,
  };
}

/** Verify an ID token: signature, issuer, audience, times, and the nonce of this sign-in. */
export async function verifyIdToken(idToken: string, nonce: string): Promise<Identity> {
  const { issuer, clientId } = settings();
  let payload: JWTPayload;
  try {
    const required = { issuer, audience: clientId, algorithms: ALGORITHMS, clockTolerance: CLOCK_TOLERANCE_S };
    ({ payload } = await jwtVerify(idToken, (await endpoints()).keys, { ...required, requiredClaims: ["sub", "exp", "iat"] }));
  } catch (error) {
    throw new ProviderError("verifying the ID token", error instanceof Error ? error.name : "invalid", true);
  }
  const refuse = (reason: string) => new ProviderError("verifying the ID token", reason, true);
  if (payload.nonce !== nonce) throw refuse("another nonce");
  if (payload.azp !== undefined && payload.azp !== clientId) throw refuse("another authorized party");
  if (payload.token_use !== undefined && payload.token_use !== "id") throw refuse("not an ID token"); // Cognito
  return { subject: payload.sub ?? "", email: claim(payload, "email"), name: claim(payload, "name") };
}

function claim(payload: JWTPayload, name: string): string {
  const value = payload[name];
  return typeof value === "string" ? value.slice(0, 200) : "";
}

/** Return the URL that ends the provider's own session, null where it has none. */
export async function endSessionUrl(idToken: string | null): Promise<string | null> {
  const { endSession } = await endpoints();
  if (!endSession) return null;
  const { issuer, clientId, origin } = settings();
  const url = new URL(endSession);
  url.searchParams.set("client_id", clientId);
  if (new URL(issuer).hostname.startsWith("cognito-idp.")) {
    url.searchParams.set("logout_uri", `${origin}/`); // Cognito has its own parameter
    return url.href;
  }
  url.searchParams.set("post_logout_redirect_uri", `${origin}/`);
  if (idToken) url.searchParams.set("id_token_hint", idToken);
  return url.href;
}
