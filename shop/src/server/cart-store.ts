// Carts in the database. A cart belongs to a user, or to the browser whose cookie holds its id.

import "server-only";
import { MAX_QUANTITY } from "../rules.ts";
import type { Query } from "./db.ts";

/** Whose cart: a user's, or that of a visitor with this id. */
export type Owner = { userId: string } | { visitorCartId: string | null };

/** Return the id of a cart, null if the owner has none. A visitor cannot reach the cart of a user. */
export async function findCart(query: Query, owner: Owner, isLocked = false): Promise<string | null> {
  const lock = isLocked ? query`for update` : query``;
  const [cart] =
    "userId" in owner
      ? await query<{ id: string }[]>`select id from carts where user_id = ${owner.userId} ${lock}`
      : owner.visitorCartId
        ? await query<{ id: string }[]>`select id from carts where id = ${owner.visitorCartId} and user_id is null ${lock}`
        : [];
  return cart?.id ?? null;
}

/** Return the id of the owner's cart; create it if there is none. */
export async function ensureCart(query: Query, owner: Owner): Promise<string> {
  const found = await findCart(query, owner);
  if (found) return found;
  const userId = "userId" in owner ? owner.userId : null;
  if (!userId) await dropAbandonedCarts(query);
  const [cart] = await query<{ id: string }[]>`
    insert into carts (user_id) values (${userId}) on conflict (user_id) do update set updated_at = now() returning id`;
  if (!cart) throw new Error("the cart was not created");
  return cart.id;
}

/** Add to the quantity of a product, up to its stock and the limit of a cart. Returns the new quantity, 0 if none is left. */
export async function addItem(query: Query, cartId: string, productId: string, quantity: number): Promise<number> {
  const [item] = await query<{ quantity: number }[]>`
    insert into cart_items as item (cart_id, product_id, quantity)
    select ${cartId}, p.id, least(${quantity}::int, i.quantity, ${MAX_QUANTITY}::int)
    from products p join inventory i on i.product_id = p.id
    where p.id = ${productId} and p.is_active and i.quantity > 0
    on conflict (cart_id, product_id) do update set quantity = least(
      item.quantity + ${quantity}::int, ${MAX_QUANTITY}::int,
      (select greatest(quantity, 1) from inventory where product_id = excluded.product_id))
    returning quantity`;
  await query`update carts set updated_at = now() where id = ${cartId}`;
  return item?.quantity ?? 0;
}

/** Set the quantity of a product that is in the cart; 0 removes it. */
export async function setItem(query: Query, cartId: string, productId: string, quantity: number): Promise<void> {
  if (quantity <= 0) {
    await query`delete from cart_items where cart_id = ${cartId} and product_id = ${productId}`;
  } else {
    await query`
      update cart_items set quantity = ${Math.min(quantity, MAX_QUANTITY)}
      where cart_id = ${cartId} and product_id = ${productId}`;
  }
  await query`update carts set updated_at = now() where id = ${cartId}`;
}

/** Move a visitor's cart to the user who has signed in; quantities of the same product add up. */
export async function mergeCart(query: Query, cartId: string, userId: string): Promise<void> {
  const visitorCart = await findCart(query, { visitorCartId: cartId }, true);
  if (!visitorCart) return;
  const userCart = await ensureCart(query, { userId });
  await query`
    insert into cart_items as item (cart_id, product_id, quantity, added_at)
    select ${userCart}, product_id, quantity, added_at from cart_items where cart_id = ${visitorCart}
    on conflict (cart_id, product_id) do update set quantity = least(item.quantity + excluded.quantity, ${MAX_QUANTITY}::int)`;
  await query`delete from carts where id = ${visitorCart}`;
}

/** Remove visitors' carts that have not changed for 60 days. */
async function dropAbandonedCarts(query: Query): Promise<void> {
  await query`delete from carts where user_id is null and updated_at < now() - interval '60 days'`;
}
