// The wishlist of the current browser.

import "server-only";
import { cache } from "react";
import { cardColumns, cardTables, toCard, type CardRow, type ProductCard } from "./catalogue.ts";
import { readIdCookie } from "./cookies.ts";
import { db } from "./db.ts";
import { currentUser } from "./session.ts";
import { findWishlist, type WishOwner } from "./wishlist-store.ts";

/** Return whose wishlist this browser uses. */
export async function wishOwner(): Promise<WishOwner> {
  const user = await currentUser();
  return user ? { userId: user.id } : { visitorWishlistId: await readIdCookie("wishlist") };
}

/** Return the products of the wishlist, the newest first. */
export const wishlist = cache(async (): Promise<ProductCard[]> => {
  const sql = db();
  const wishlistId = await findWishlist(sql, await wishOwner());
  if (!wishlistId) return [];
  const rows = await sql<CardRow[]>`
    select ${cardColumns()} from ${cardTables()} join wishlist_items item on item.product_id = p.id
    where item.wishlist_id = ${wishlistId} and p.is_active order by item.added_at desc, p.id`;
  return rows.map(toCard);
});

export async function wishedIds(): Promise<string[]> {
  return (await wishlist()).map(({ id }) => id);
}

export async function wishCount(): Promise<number> {
  return (await wishlist()).length;
}
