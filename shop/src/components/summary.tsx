// The amounts of a cart or an order.

import type { ReactNode } from "react";
import { formatMoney, toCents } from "@/money";

interface Amounts {
  subtotal: string;
  discount: string;
  shipping: string;
  tax: string;
  total: string;
  currency: string;
}

export function Summary({ amounts, coupon, refunded }: { amounts: Amounts; coupon: string | null; refunded?: string }) {
  const { subtotal, discount, shipping, tax, total, currency } = amounts;
  const money = (amount: string) => formatMoney(amount, currency);
  return (
    <dl className="space-y-2 text-sm tabular-nums">
      <Row name="Subtotal" value={money(subtotal)} />
      {toCents(discount) > 0 && (
        <Row name={coupon ? `Discount (${coupon})` : "Discount"} value={`−${money(discount)}`} className="text-good" />
      )}
      <Row name="Delivery" value={toCents(shipping) === 0 ? "Free" : money(shipping)} />
      <Row
        name="Total"
        value={<strong className="text-lg">{money(total)}</strong>}
        className="border-t border-line pt-3 text-base font-semibold"
      />
      <Row name="Tax included" value={money(tax)} className="text-muted" />
      {refunded && toCents(refunded) > 0 && (
        <Row name="Refunded" value={`−${money(refunded)}`} className="font-semibold" />
      )}
    </dl>
  );
}

function Row({ name, value, className = "" }: { name: string; value: ReactNode; className?: string }) {
  return (
    <div className={`flex items-baseline justify-between gap-4 ${className}`}>
      <dt className="min-w-0 wrap-anywhere">{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
