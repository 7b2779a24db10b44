"use client";

// Quantity and "Add to cart".

import Link from "next/link";
import { useActionState } from "react";
import { addToCart } from "@/app/actions";
import { EMPTY } from "@/form";
import { MAX_QUANTITY } from "@/rules";
import type { ProductCard } from "@/server/catalogue";
import { trackAddToCart } from "@/track/events";
import { FormMessage } from "./form-message";
import { Quantities } from "./quantities";

export function BuyBox({ product }: { product: ProductCard }) {
  const [state, action, isPending] = useActionState(addToCart, EMPTY);
  if (product.stock === 0) {
    return (
      <p className="rounded-lg bg-gray-100 p-4 text-sm">
        This product is out of stock. Add it to your wishlist to find it again.
      </p>
    );
  }
  return (
    <form
      action={action}
      onSubmit={(event) => trackAddToCart(product, Number(new FormData(event.currentTarget).get("quantity")))}
      className="space-y-3"
    >
      <input type="hidden" name="product" value={product.id} />
      <div className="flex gap-3">
        <label htmlFor="quantity" className="sr-only">
          Quantity
        </label>
        <select id="quantity" name="quantity" defaultValue="1" className="input w-20">
          <Quantities max={Math.min(product.stock, MAX_QUANTITY)} />
        </select>
        <button type="submit" disabled={isPending} className="button-primary flex-1">
          Add to cart
        </button>
      </div>
      <FormMessage state={state}>
        <Link href="/cart" className="link">
          View cart
        </Link>
      </FormMessage>
    </form>
  );
}
