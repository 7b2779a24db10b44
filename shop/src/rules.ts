// The commercial rules of the shop: tax, shipping, and where it delivers. Prices contain tax.

import { shareOf, toAmount, toCents } from "./money.ts";

export const CURRENCY = "EUR";
export const TAX_PERCENT = 20;
export const SHIPPING = "4.90";
export const FREE_SHIPPING_FROM = "100.00"; // of the amount after discount
export const MAX_QUANTITY = 20; // of one product in a cart

export const PAYMENT_METHODS = ["test_card", "pay_on_delivery"] as const;
export type PaymentMethod = (typeof PAYMENT_METHODS)[number];

export const COUNTRIES = [
  { code: "AT", name: "Austria" },
  { code: "BE", name: "Belgium" },
  { code: "DK", name: "Denmark" },
  { code: "FI", name: "Finland" },
  { code: "FR", name: "France" },
  { code: "DE", name: "Germany" },
  { code: "IE", name: "Ireland" },
  { code: "IT", name: "Italy" },
  { code: "LU", name: "Luxembourg" },
  { code: "NL", name: "Netherlands" },
  { code: "PL", name: "Poland" },
  { code: "PT", name: "Portugal" },
  { code: "ES", name: "Spain" },
  { code: "SE", name: "Sweden" },
] as const;

/** The terms of a coupon: either a percentage or a fixed amount of the subtotal. */
export interface CouponTerms {
  percent: number | null;
  amount: string | null;
  minSubtotal: string;
}

/** The amounts of a cart or an order, as decimal text. tax is contained in total. */
export interface Totals {
  subtotal: string;
  discount: string;
  shipping: string;
  tax: string;
  total: string;
  currency: string;
}

/** Return the amounts of lines. A coupon below its minimum has no effect. No lines: everything is zero. */
export function totalsOf(lines: { price: string; quantity: number }[], coupon: CouponTerms | null): Totals {
  const subtotal = lines.reduce((sum, line) => sum + toCents(line.price) * line.quantity, 0);
  const discount = coupon ? discountOf(subtotal, coupon) : 0;
  const isFree = subtotal === 0 || subtotal - discount >= toCents(FREE_SHIPPING_FROM);
  const shipping = isFree ? 0 : toCents(SHIPPING);
  const total = subtotal - discount + shipping;
  return {
    subtotal: toAmount(subtotal),
    discount: toAmount(discount),
    shipping: toAmount(shipping),
    tax: toAmount(shareOf(total, TAX_PERCENT, 100 + TAX_PERCENT)),
    total: toAmount(total),
    currency: CURRENCY,
  };
}

/** Return whether a subtotal reaches the minimum of a coupon. */
export function reachesMinimum(subtotal: string, coupon: CouponTerms): boolean {
  return toCents(subtotal) >= toCents(coupon.minSubtotal);
}

function discountOf(subtotal: number, coupon: CouponTerms): number {
  if (!reachesMinimum(toAmount(subtotal), coupon)) return 0;
  const discount = coupon.percent === null ? toCents(coupon.amount ?? "0") : shareOf(subtotal, coupon.percent, 100);
  return Math.min(discount, subtotal);
}
