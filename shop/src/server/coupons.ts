// Coupon codes: looked up for the cart, and counted when an order uses one.

import "server-only";
import type { CouponTerms } from "../rules.ts";
import { storable, type Query } from "./db.ts";

export interface Coupon extends CouponTerms {
  code: string;
}

/** Return a coupon that can be used now; upper and lower case do not matter. */
export async function findCoupon(query: Query, code: string): Promise<Coupon | null> {
  const [coupon] = await query<Coupon[]>`
    select code, percent, amount, min_subtotal from coupons
    where code = ${storable(code).trim().toUpperCase()} and (ends_at is null or ends_at > now()) and (max_uses is null or uses < max_uses)`;
  return coupon ?? null;
}

/** Count one use of a coupon, if it can still be used. Locks the coupon until the transaction ends. */
export async function takeCoupon(query: Query, code: string): Promise<Coupon | null> {
  const [coupon] = await query<Coupon[]>`
    update coupons set uses = uses + 1
    where code = ${code} and (ends_at is null or ends_at > now()) and (max_uses is null or uses < max_uses)
    returning code, percent, amount, min_subtotal`;
  return coupon ?? null;
}
