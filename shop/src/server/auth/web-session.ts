// Signed-in browsers: the table web_sessions. The browser holds a random token, the table only its SHA-256.
//
// A session lasts 14 days at most. The provider's access token bounds how long the shop goes without asking the
// provider: shortly before it expires, the next request exchanges the refresh token under a lock on the session's row,
// so that requests at the same time rotate it once. If the provider refuses, the session ends; if the provider cannot
// be reached, the session continues and the next attempt is a minute later.

import "server-only";
import { createHash, randomBytes } from "node:crypto";
import { inTransaction, type Query, type Sql } from "../db.ts";
import { DAY_S } from "../cookies.ts";
import { ProviderError, refresh, revoke, type Tokens } from "./provider.ts";
import { openToken, sealToken } from "./seal.ts";

export const SESSION_MAX_AGE_S = 14 * DAY_S;
const REFRESH_BEFORE_S = 60;
const RETRY_S = 60;

export interface User {
  id: string;
  subject: string;
  email: string;
  name: string;
}

type SessionRow = User & { refreshToken: string | null; isDue: boolean };

const hashOf = (token: string) => createHash("sha256").update(token).digest();
const isToken = (token: string) => /^[\w-]{43}$/.test(token);

/** Create a session and return its token. */
export async function openSession(query: Query, userId: string, tokens: Tokens): Promise<string> {
  const token = randomBytes(32).toString("base64url");
  await query`delete from web_sessions where expires_at < now()`;
  await query`
    insert into web_sessions (token_hash, user_id, refresh_token, id_token, access_expires_at, expires_at)
    values (${hashOf(token)}, ${userId}, ${await sealToken(tokens.refreshToken)}, ${await sealToken(tokens.idToken)},
      now() + make_interval(secs => ${tokens.expiresInS}), now() + make_interval(secs => ${SESSION_MAX_AGE_S}))`;
  return token;
}

/** Return the user of a session; null if there is none, it has ended, or the provider ended it. */
export async function userOfSession(sql: Sql, token: string): Promise<User | null> {
  if (!isToken(token)) return null;
  const session = await readSession(sql, token);
  if (!session) return null;
  if (session.isDue && !(await inTransaction(sql, (query) => refreshSession(query, token)))) return null;
  const { id, subject, email, name } = session;
  return { id, subject, email, name };
}

async function readSession(query: Query, token: string, isLocked = false): Promise<SessionRow | undefined> {
  const [session] = await query<SessionRow[]>`
    select u.id, u.subject, u.email, u.name, s.refresh_token,
      s.access_expires_at < now() + make_interval(secs => ${REFRESH_BEFORE_S}) as is_due
    from web_sessions s join users u on u.id = s.user_id
    where s.token_hash = ${hashOf(token)} and s.expires_at > now() ${isLocked ? query`for update of s` : query``}`;
  return session;
}

/** Refresh a session unless another request has just done so. Returns whether the session continues. */
async function refreshSession(query: Query, token: string): Promise<boolean> {
  const session = await readSession(query, token, true);
  if (!session?.isDue) return session !== undefined;
  const refreshToken = await openToken(session.refreshToken);
  try {
    if (!refreshToken) throw new ProviderError("refreshing", "no refresh token", true);
    await keepTokens(query, token, await refresh(refreshToken));
    return true;
  } catch (problem) {
    if (!(problem instanceof ProviderError)) throw problem;
    console.warn(problem.message);
    if (problem.isRefusal) return endRow(query, token);
    await query`
      update web_sessions set access_expires_at = now() + make_interval(secs => ${REFRESH_BEFORE_S + RETRY_S})
      where token_hash = ${hashOf(token)}`;
    return true;
  }
}

async function endRow(query: Query, token: string): Promise<false> {
  await query`delete from web_sessions where token_hash = ${hashOf(token)}`;
  return false;
}

async function keepTokens(query: Query, token: string, tokens: Tokens): Promise<void> {
  const [refreshToken, idToken] = [await sealToken(tokens.refreshToken), await sealToken(tokens.idToken)];
  await query`
    update web_sessions set refresh_token = coalesce(${refreshToken}, refresh_token), id_token = coalesce(${idToken}, id_token),
      access_expires_at = now() + make_interval(secs => ${Math.max(tokens.expiresInS, REFRESH_BEFORE_S + 1)})
    where token_hash = ${hashOf(token)}`;
}

/**
 * End a session, or all sessions of its user, and revoke their refresh tokens at the provider. Returns the ID token of
 * this session, which the provider wants back when its own session ends.
 */
export async function closeSession(sql: Sql, token: string, isEverywhere: boolean): Promise<string | null> {
  if (!isToken(token)) return null;
  const hash = hashOf(token);
  const closed = await sql<{ refreshToken: string | null; idToken: string | null; isThis: boolean }[]>`
    delete from web_sessions where token_hash = ${hash}
      or (${isEverywhere} and user_id = (select user_id from web_sessions where token_hash = ${hash} and expires_at > now()))
    returning refresh_token, id_token, token_hash = ${hash} as is_this`;
  await Promise.all(closed.map(async (session) => revokeQuietly(await openToken(session.refreshToken))));
  return openToken(closed.find(({ isThis }) => isThis)?.idToken ?? null);
}

async function revokeQuietly(refreshToken: string | null): Promise<void> {
  try {
    if (refreshToken) await revoke(refreshToken);
  } catch (problem) {
    console.warn(problem instanceof Error ? problem.message : "revoking failed"); // the shop's session has ended anyway
  }
}
