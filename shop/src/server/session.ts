// Who is signed in in this browser, and what changes when a user signs in.

import "server-only";
import { cache } from "react";
import { dropCookie, readCookie, readIdCookie, writeCookie } from "./cookies.ts";
import { db, inTransaction, type Query } from "./db.ts";
import { settings } from "./settings.ts";
import type { Identity, Tokens } from "./auth/provider.ts";
import { openSession, SESSION_MAX_AGE_S, userOfSession, type User } from "./auth/web-session.ts";
import { mergeCart } from "./cart-store.ts";
import { mergeWishlist } from "./wishlist-store.ts";

export type { User } from "./auth/web-session.ts";
export { returnPath } from "./auth/return-path.ts";

/** Return the signed-in user, null for an anonymous visitor. Asked once in a request. */
export const currentUser = cache(async (): Promise<User | null> => {
  const token = await readCookie("session");
  return token ? userOfSession(db(), token) : null;
});

/** Sign a user in: a session with a new token, and the cart and wishlist that the browser had as a visitor. */
export async function signIn(identity: Identity, tokens: Tokens): Promise<void> {
  const [cartId, wishlistId] = [await readIdCookie("cart"), await readIdCookie("wishlist")];
  const token = await inTransaction(db(), async (query) => {
    const userId = await saveUser(query, identity);
    if (cartId) await mergeCart(query, cartId, userId);
    if (wishlistId) await mergeWishlist(query, wishlistId, userId);
    return openSession(query, userId, tokens);
  });
  await writeCookie("session", token, SESSION_MAX_AGE_S);
  await dropCookie("cart");
  await dropCookie("wishlist");
}

async function saveUser(query: Query, { subject, email, name }: Identity): Promise<string> {
  const [user] = await query<{ id: string }[]>`
    insert into users (issuer, subject, email, name) values (${settings().issuer}, ${subject}, ${email}, ${name})
    on conflict (issuer, subject) do update set email = excluded.email, name = excluded.name returning id`;
  if (!user) throw new Error("the user was not saved");
  return user.id;
}
