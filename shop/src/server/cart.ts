// The cart of the current browser, with prices, availability, and the amounts with its coupon.

import "server-only";
import { cache } from "react";
import { reachesMinimum, totalsOf, type CouponTerms, type Totals } from "../rules.ts";
import { formatMoney, toAmount, toCents } from "../money.ts";
import { cardColumns, cardTables, toCard, type CardRow, type ProductCard } from "./catalogue.ts";
import { findCart, type Owner } from "./cart-store.ts";
import { readCookie, readIdCookie } from "./cookies.ts";
import { findCoupon } from "./coupons.ts";
import { db } from "./db.ts";
import { currentUser } from "./session.ts";

export type { Totals } from "../rules.ts";

export interface CartLine {
  product: ProductCard;
  quantity: number;
  unitPrice: string;
  total: string;
  isAvailable: boolean;
}

export interface Cart {
  lines: CartLine[];
  count: number;
  totals: Totals;
  coupon: string | null;
  couponProblem: string | null;
}

/** Return whose cart this browser uses. */
export async function cartOwner(): Promise<Owner> {
  const user = await currentUser();
  return user ? { userId: user.id } : { visitorCartId: await readIdCookie("cart") };
}

export const cart = cache(async (): Promise<Cart> => {
  const lines = await readLines(await cartOwner());
  const code = await readCookie("coupon");
  const priced = lines.map(({ unitPrice, quantity }) => ({ price: unitPrice, quantity }));
  const coupon = code ? await findCoupon(db(), code) : null;
  const totals = totalsOf(priced, coupon);
  return {
    lines,
    count: lines.reduce((sum, { quantity }) => sum + quantity, 0),
    totals,
    coupon: coupon?.code ?? null,
    couponProblem: code && !coupon ? `The code ${code} is not valid any more.` : minimumProblem(coupon, totals),
  };
});

export async function cartCount(): Promise<number> {
  return (await cart()).count;
}

function minimumProblem(coupon: CouponTerms | null, totals: Totals): string | null {
  if (!coupon || reachesMinimum(totals.subtotal, coupon)) return null;
  return `This code needs a subtotal of at least ${formatMoney(coupon.minSubtotal)}.`;
}

async function readLines(owner: Owner): Promise<CartLine[]> {
  const sql = db();
  const cartId = await findCart(sql, owner);
  if (!cartId) return [];
  const rows = await sql<(CardRow & { quantity: number })[]>`
    select ${cardColumns()}, item.quantity
    from ${cardTables()} join cart_items item on item.product_id = p.id
    where item.cart_id = ${cartId} and p.is_active order by item.added_at, p.id`;
  return rows.map((row) => {
    const product = toCard(row);
    const unitPrice = product.discountPrice ?? product.price;
    const total = toAmount(toCents(unitPrice) * row.quantity);
    return { product, quantity: row.quantity, unitPrice, total, isAvailable: row.quantity <= product.stock };
  });
}
