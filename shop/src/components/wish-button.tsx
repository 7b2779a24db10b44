"use client";

// Puts a product on the wishlist, or takes it off.

import { useActionState } from "react";
import { toggleWish } from "@/app/actions";
import { EMPTY } from "@/form";
import type { ProductCard } from "@/server/catalogue";
import { trackWish } from "@/track/events";
import { HeartIcon } from "./icons";

export function WishButton({
  product,
  isWished,
  hasLabel = false,
}: {
  product: ProductCard;
  isWished: boolean;
  hasLabel?: boolean;
}) {
  const [, action, isPending] = useActionState(toggleWish, EMPTY);
  const shown = isPending ? !isWished : isWished;
  const name = shown ? `Remove ${product.name} from the wishlist` : `Add ${product.name} to the wishlist`;
  const shape = hasLabel
    ? "button w-full"
    : "grid size-11 place-items-center rounded-full bg-white/90 text-ink hover:bg-white";
  return (
    <form action={action} onSubmit={() => trackWish(product, !isWished)}>
      <input type="hidden" name="product" value={product.id} />
      <button type="submit" aria-pressed={shown} aria-label={hasLabel ? undefined : name} className={shape}>
        <HeartIcon className={`size-5 ${shown ? "text-bad" : ""}`} isFilled={shown} />
        {hasLabel && (shown ? "On wishlist" : "Wishlist")}
      </button>
    </form>
  );
}
