import type { Metadata } from "next";
import Link from "next/link";
import { notFound } from "next/navigation";
import { Breadcrumbs } from "@/components/breadcrumbs";
import { BuyBox } from "@/components/buy-box";
import { Gallery } from "@/components/gallery";
import { Price, Stock } from "@/components/price";
import { ProductGrid } from "@/components/product-card";
import { ShareButton } from "@/components/share-button";
import { WishButton } from "@/components/wish-button";
import { formatMoney, toCents } from "@/money";
import { FREE_SHIPPING_FROM, SHIPPING } from "@/rules";
import { product as readProduct, type Product } from "@/server/catalogue";
import { wishedIds } from "@/server/wishlist";
import { TrackProduct } from "@/track/views";

interface Props {
  params: Promise<{ id: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const found = await readProduct((await params).id);
  return { title: found?.product.name ?? "Page not found", description: found?.product.description };
}

export default async function ProductPage({ params }: Props) {
  const { id } = await params;
  const [found, wished] = await Promise.all([readProduct(id), wishedIds()]);
  if (!found) notFound();
  const { product, related } = found;
  return (
    <div className="wrap">
      <TrackProduct product={cardOf(product)} />
      <Breadcrumbs
        steps={[{ href: `/categories/${product.category.id}`, name: product.category.name }]}
        current={product.name}
      />
      <div className="grid gap-8 lg:grid-cols-[1.25fr_1fr] lg:gap-12">
        <Gallery key={id} name={product.name} pictures={product.pictures} />
        <Offer product={product} isWished={wished.includes(id)} />
      </div>
      <Specs specs={product.specs} />
      {related.length > 0 && (
        <section aria-labelledby="related" className="mt-14">
          <h2 id="related" className="mb-4">
            Similar products
          </h2>
          <ProductGrid products={related} wished={wished} />
        </section>
      )}
    </div>
  );
}

function Offer({ product, isWished }: { product: Product; isWished: boolean }) {
  const { name, brand, description, specs, stock } = product;
  const isFree = toCents(product.discountPrice ?? product.price) >= toCents(FREE_SHIPPING_FROM);
  return (
    <div>
      <Link
        href={`/brands/${brand.id}`}
        prefetch={false}
        className="text-sm font-medium text-accent-dark hover:underline"
      >
        {brand.name}
      </Link>
      <h1 className="mt-1">{name}</h1>
      <div className="mt-4 space-y-2">
        <Price product={product} isLarge />
        <p className="text-sm text-muted">
          Tax included,{" "}
          {isFree ? "free delivery" : `delivery ${formatMoney(SHIPPING)}, free from ${formatMoney(FREE_SHIPPING_FROM)}`}
        </p>
        <Stock stock={stock} />
      </div>
      <p className="mt-5 leading-relaxed">{description}</p>
      <ul className="mt-5 grid grid-cols-2 gap-x-6 gap-y-2 text-sm">
        {specs.slice(0, 4).map(([key, value]) => (
          <li key={key} className="border-l-2 border-indigo-200 pl-3">
            <span className="block text-muted">{key}</span>
            <span className="font-medium">{value}</span>
          </li>
        ))}
      </ul>
      <div className="mt-6 space-y-3">
        <BuyBox key={product.id} product={cardOf(product)} />
        <div className="grid grid-cols-2 gap-3">
          <WishButton product={cardOf(product)} isWished={isWished} hasLabel />
          <ShareButton product={cardOf(product)} />
        </div>
      </div>
    </div>
  );
}

function Specs({ specs }: { specs: Product["specs"] }) {
  return (
    <section aria-labelledby="specs" className="mt-14 max-w-3xl">
      <h2 id="specs" className="mb-3">
        Specification
      </h2>
      <dl className="panel divide-y divide-line py-1 sm:py-1">
        {specs.map(([key, value]) => (
          <div key={key} className="grid grid-cols-[9rem_1fr] gap-4 py-3 text-sm sm:grid-cols-[14rem_1fr]">
            <dt className="text-muted">{key}</dt>
            <dd className="font-medium">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** What the browser's components need of a product; the rest stays on the server. */
function cardOf({ description: _description, specs: _specs, pictures: _pictures, ...card }: Product) {
  return card;
}
