// A product in a list: picture, name, price, availability, and its place on the wishlist.

import Link from "next/link";
import { discountPercent } from "@/money";
import type { ProductCard as Card } from "@/server/catalogue";
import { Picture } from "./picture";
import { Price, Stock } from "./price";
import { WishButton } from "./wish-button";

export function ProductCard({
  product,
  isWished,
  isFirst = false,
}: {
  product: Card;
  isWished: boolean;
  isFirst?: boolean;
}) {
  const { id, name, brand, picture, price, discountPrice, stock } = product;
  return (
    <article className="group relative flex h-full flex-col overflow-hidden rounded-2xl border border-line bg-white transition-colors focus-within:border-gray-500 hover:border-gray-400">
      <div className="relative">
        <Picture src={picture} alt="" isFirst={isFirst} className={stock === 0 ? "opacity-60" : ""} />
        {discountPrice && (
          <span className="absolute top-3 left-3 rounded-md bg-bad px-2 py-0.5 text-sm font-semibold text-white">
            −{discountPercent(price, discountPrice)} %
          </span>
        )}
      </div>
      <div className="flex flex-1 flex-col gap-1 p-4">
        <p className="text-sm text-muted">{brand.name}</p>
        <h3 className="leading-snug font-semibold">
          <Link
            href={`/products/${id}`}
            prefetch={false}
            className="after:absolute after:inset-0 group-hover:text-accent-dark"
          >
            {name}
          </Link>
        </h3>
        <div className="mt-auto space-y-1 pt-2">
          <Price product={product} />
          <Stock stock={stock} />
        </div>
      </div>
      <div className="absolute top-2 right-2">
        <WishButton product={product} isWished={isWished} />
      </div>
    </article>
  );
}

export function ProductGrid({
  products,
  wished,
  isFirst = false,
}: {
  products: Card[];
  wished: string[];
  isFirst?: boolean;
}) {
  return (
    <ul className="grid grid-cols-2 gap-3 sm:gap-5 md:grid-cols-3 xl:grid-cols-4">
      {products.map((product, index) => (
        <li key={product.id}>
          <ProductCard product={product} isWished={wished.includes(product.id)} isFirst={isFirst && index < 4} />
        </li>
      ))}
    </ul>
  );
}
