import Link from "next/link";
import { ReturnIcon, ShieldIcon, TruckIcon } from "@/components/icons";
import { Picture } from "@/components/picture";
import { ProductGrid } from "@/components/product-card";
import { formatMoney } from "@/money";
import { FREE_SHIPPING_FROM } from "@/rules";
import { home, type CategoryCard } from "@/server/catalogue";
import { settings } from "@/server/settings";
import { wishedIds } from "@/server/wishlist";
import { TrackHome } from "@/track/views";

export default async function HomePage() {
  const [{ categories, deals, newest }, wished] = await Promise.all([home(), wishedIds()]);
  return (
    <>
      <TrackHome />
      <Hero />
      <Promises />
      <div className="wrap space-y-14">
        <Categories categories={categories} />
        {deals.length > 0 && (
          <section aria-labelledby="deals">
            <SectionHead id="deals" title="Deals" href="/search?sale=1" more="All deals" />
            <ProductGrid products={deals} wished={wished} />
          </section>
        )}
        <section aria-labelledby="new">
          <SectionHead id="new" title="New in the shop" href="/search?sort=newest" more="All products" />
          <ProductGrid products={newest} wished={wished} />
        </section>
      </div>
    </>
  );
}

function Hero() {
  return (
    <section aria-labelledby="hero" className="relative overflow-hidden bg-[#e9e6f4]">
      <img
        src={`${settings().assetsUrl}/pictures/hero.svg`}
        alt=""
        width={1600}
        height={640}
        fetchPriority="high"
        className="h-64 w-full object-cover object-[72%_50%] sm:h-96 lg:h-128"
      />
      <div className="wrap py-6 sm:absolute sm:inset-0 sm:flex sm:items-center sm:py-0">
        <div className="max-w-md rounded-2xl sm:bg-white sm:p-8">
          <h1 id="hero" className="text-3xl sm:text-4xl">
            A desk you like to sit down at
          </h1>
          <p className="mt-3 text-lg text-muted">
            Laptops, screens and the small things around them, chosen with care and described honestly.
          </p>
          <Link href="/categories/laptops" className="button-primary mt-5">
            Shop laptops
          </Link>
        </div>
      </div>
    </section>
  );
}

function Promises() {
  const promises = [
    { icon: TruckIcon, text: `Free delivery from ${formatMoney(FREE_SHIPPING_FROM)}` },
    { icon: ReturnIcon, text: "Cancel in your account until we ship" },
    { icon: ShieldIcon, text: "Prices contain all taxes" },
  ];
  return (
    <ul className="wrap grid gap-2 py-6 text-sm text-muted sm:grid-cols-3 sm:py-8">
      {promises.map(({ icon: Icon, text }) => (
        <li key={text} className="flex items-center gap-2 sm:justify-center">
          <Icon className="size-5 shrink-0 text-accent" />
          {text}
        </li>
      ))}
    </ul>
  );
}

function Categories({ categories }: { categories: CategoryCard[] }) {
  return (
    <section aria-labelledby="categories">
      <h2 id="categories" className="mb-4">
        Categories
      </h2>
      <ul className="grid grid-cols-2 gap-3 sm:grid-cols-3 sm:gap-5 lg:grid-cols-6">
        {categories.map(({ id, name, productCount, picture }) => (
          <li key={id}>
            <Link
              href={`/categories/${id}`}
              prefetch={false}
              className="group block overflow-hidden rounded-2xl border border-line bg-white hover:border-gray-400"
            >
              <Picture src={picture} alt="" />
              <span className="block px-3 py-2.5">
                <span className="block font-semibold group-hover:text-accent-dark">{name}</span>
                <span className="text-sm text-muted">{productCount} products</span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function SectionHead({ id, title, href, more }: { id: string; title: string; href: string; more: string }) {
  return (
    <div className="mb-4 flex items-baseline justify-between">
      <h2 id={id}>{title}</h2>
      <Link href={href} prefetch={false} className="link text-sm">
        {more}
      </Link>
    </div>
  );
}
