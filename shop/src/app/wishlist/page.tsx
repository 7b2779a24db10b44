import type { Metadata } from "next";
import { Empty } from "@/components/empty";
import { ProductGrid } from "@/components/product-card";
import { wishlist } from "@/server/wishlist";

export const metadata: Metadata = { title: "Wishlist" };

export default async function WishlistPage() {
  const products = await wishlist();
  return (
    <div className="wrap pt-8">
      <h1 className="mb-6">Wishlist</h1>
      <h2 className="sr-only">Products</h2>
      {products.length ? (
        <ProductGrid products={products} wished={products.map(({ id }) => id)} isFirst />
      ) : (
        <Empty
          title="Your wishlist is empty."
          text="Press the heart on a product to keep it here."
          href="/"
          action="Look around"
        />
      )}
    </div>
  );
}
