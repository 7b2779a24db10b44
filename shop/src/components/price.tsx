// Prices and availability, as every page shows them.

import { discountPercent, formatMoney } from "@/money";

export interface Priced {
  price: string;
  discountPrice: string | null;
  currency: string;
}

const LOW_STOCK = 5;

export function Price({ product, isLarge = false }: { product: Priced; isLarge?: boolean }) {
  const { price, discountPrice, currency } = product;
  const size = isLarge ? "text-3xl" : "text-base";
  if (!discountPrice) return <p className={`${size} font-semibold tabular-nums`}>{formatMoney(price, currency)}</p>;
  return (
    <p className="flex flex-wrap items-baseline gap-x-2 tabular-nums">
      <span className={`${size} font-semibold text-bad`}>
        <span className="sr-only">Now </span>
        {formatMoney(discountPrice, currency)}
      </span>
      <s className={`${isLarge ? "text-lg" : "text-sm"} text-muted`}>
        <span className="sr-only">Before </span>
        {formatMoney(price, currency)}
      </s>
      {isLarge && (
        <span className="rounded-md bg-red-50 px-2 py-0.5 text-sm font-semibold text-bad">
          Save {discountPercent(price, discountPrice)} %
        </span>
      )}
    </p>
  );
}

export function Stock({ stock }: { stock: number }) {
  const [colour, text] =
    stock === 0
      ? ["text-bad", "Out of stock"]
      : stock <= LOW_STOCK
        ? ["text-low", `Only ${stock} left`]
        : ["text-good", "In stock"];
  return (
    <p className={`flex items-center gap-2 text-sm font-medium ${colour}`}>
      <span aria-hidden="true" className="size-2 rounded-full bg-current" />
      {text}
    </p>
  );
}
