// Wishlists in the database. Like a cart, a wishlist belongs to a user or to the browser whose cookie holds its id.

import "server-only";
import type { Query } from "./db.ts";

export type WishOwner = { userId: string } | { visitorWishlistId: string | null };

export async function findWishlist(query: Query, owner: WishOwner): Promise<string | null> {
  const [wishlist] =
    "userId" in owner
      ? await query<{ id: string }[]>`select id from wishlists where user_id = ${owner.userId}`
      : owner.visitorWishlistId
        ? await query<{ id: string }[]>`select id from wishlists where id = ${owner.visitorWishlistId} and user_id is null`
        : [];
  return wishlist?.id ?? null;
}

export async function ensureWishlist(query: Query, owner: WishOwner): Promise<string> {
  const found = await findWishlist(query, owner);
  if (found) return found;
  const userId = "userId" in owner ? owner.userId : null;
  const [wishlist] = await query<{ id: string }[]>`
    insert into wishlists (user_id) values (${userId}) on conflict (user_id) do update set user_id = excluded.user_id
    returning id`;
  if (!wishlist) throw new Error("the wishlist was not created");
  return wishlist.id;
}

/** Add a product to a wishlist, or remove it if it is there. Returns whether it is there now. */
export async function toggleItem(query: Query, wishlistId: string, productId: string): Promise<boolean> {
  const removed = await query`
    delete from wishlist_items where wishlist_id = ${wishlistId} and product_id = ${productId} returning product_id`;
  if (removed.length) return false;
  const added = await query`
    insert into wishlist_items (wishlist_id, product_id) select ${wishlistId}, id from products where id = ${productId}
    on conflict do nothing returning product_id`;
  return added.length > 0;
}

/** Move a visitor's wishlist to the user who has signed in. */
export async function mergeWishlist(query: Query, wishlistId: string, userId: string): Promise<void> {
  const visitorList = await findWishlist(query, { visitorWishlistId: wishlistId });
  if (!visitorList) return;
  const userList = await ensureWishlist(query, { userId });
  await query`
    insert into wishlist_items (wishlist_id, product_id, added_at)
    select ${userList}, product_id, added_at from wishlist_items where wishlist_id = ${visitorList}
    on conflict do nothing`;
  await query`delete from wishlists where id = ${visitorList}`;
}
