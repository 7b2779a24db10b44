"use client";

// A line of the cart: change its quantity, remove it.

import Link from "next/link";
import { useActionState } from "react";
import { removeFromCart, setQuantity } from "@/app/actions";
import { EMPTY } from "@/form";
import { formatMoney } from "@/money";
import { MAX_QUANTITY } from "@/rules";
import type { CartLine as Line } from "@/server/cart";
import { trackRemoveFromCart } from "@/track/events";
import { Picture } from "./picture";
import { Quantities } from "./quantities";

export function CartLine({ line }: { line: Line }) {
  const { product, unitPrice, total, isAvailable } = line;
  return (
    <div className="grid grid-cols-[6rem_minmax(0,1fr)] gap-4 py-5 sm:grid-cols-[9rem_minmax(0,1fr)]">
      <div className="overflow-hidden rounded-xl">
        <Picture src={product.picture} alt="" />
      </div>
      <div className="flex flex-col">
        <div className="flex flex-wrap justify-between gap-x-4">
          <Link href={`/products/${product.id}`} prefetch={false} className="font-semibold hover:text-accent-dark">
            {product.name}
          </Link>
          <p className="font-semibold tabular-nums">{formatMoney(total, product.currency)}</p>
        </div>
        <p className="text-sm text-muted">
          {product.brand.name} · {formatMoney(unitPrice, product.currency)} each
        </p>
        {!isAvailable && (
          <p className="mt-1 text-sm font-medium text-bad">
            {product.stock === 0
              ? "Out of stock. Remove it to continue."
              : `Only ${product.stock} left. Reduce the quantity to continue.`}
          </p>
        )}
        <div className="mt-auto flex items-center gap-4 pt-3">
          <QuantityForm line={line} />
          <RemoveForm line={line} />
        </div>
      </div>
    </div>
  );
}

function QuantityForm({
  line: {
    product: { id, name, stock },
    quantity,
  },
}: {
  line: Line;
}) {
  const [, action] = useActionState(setQuantity, EMPTY);
  return (
    <form action={action}>
      <input type="hidden" name="product" value={id} />
      <select
        key={quantity}
        name="quantity"
        aria-label={`Quantity of ${name}`}
        defaultValue={quantity}
        onChange={(event) => event.currentTarget.form?.requestSubmit()}
        className="input w-20"
      >
        <Quantities max={Math.max(quantity, Math.min(stock, MAX_QUANTITY))} />
      </select>
      <noscript>
        <button type="submit" className="button ml-2">
          Update
        </button>
      </noscript>
    </form>
  );
}

function RemoveForm({ line: { product } }: { line: Line }) {
  const [, action, isPending] = useActionState(removeFromCart, EMPTY);
  return (
    <form action={action} onSubmit={() => trackRemoveFromCart(product)}>
      <input type="hidden" name="product" value={product.id} />
      <button
        type="submit"
        disabled={isPending}
        aria-label={`Remove ${product.name}`}
        className="link min-h-11 text-sm"
      >
        Remove
      </button>
    </form>
  );
}
