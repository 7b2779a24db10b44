// The foot of every page.

import Link from "next/link";
import { brands, categories } from "@/server/catalogue";
import { formatMoney } from "@/money";
import { FREE_SHIPPING_FROM } from "@/rules";

export async function SiteFooter() {
  const [allBrands, allCategories] = await Promise.all([brands(), categories()]);
  return (
    <footer className="mt-20 border-t border-line bg-white">
      <div className="wrap grid gap-8 py-10 text-sm sm:grid-cols-2 lg:grid-cols-4">
        <div>
          <p className="text-base font-bold">ClickSteam</p>
          <p className="mt-2 text-muted">
            Laptops, monitors and everything around them. Free delivery from {formatMoney(FREE_SHIPPING_FROM)}.
          </p>
        </div>
        <LinkList
          title="Categories"
          links={allCategories.map(({ id, name }) => ({ href: `/categories/${id}`, name }))}
        />
        <LinkList title="Brands" isWide links={allBrands.map(({ id, name }) => ({ href: `/brands/${id}`, name }))} />
        <LinkList
          title="Help"
          links={[
            { href: "/account", name: "Your account" },
            { href: "/orders", name: "Your orders" },
            { href: "/privacy", name: "Privacy choices" },
          ]}
        />
      </div>
      <p className="wrap border-t border-line py-4 text-xs text-muted">
        This is a demonstration shop. Brands and products are invented, and nothing is delivered.
      </p>
    </footer>
  );
}

function LinkList({
  title,
  links,
  isWide = false,
}: {
  title: string;
  links: { href: string; name: string }[];
  isWide?: boolean;
}) {
  return (
    <nav aria-label={`Footer: ${title}`}>
      <h2 className="text-base font-semibold">{title}</h2>
      <ul className={`mt-1 ${isWide ? "columns-2" : ""}`}>
        {links.map(({ href, name }) => (
          <li key={href}>
            <Link href={href} prefetch={false} className="block py-1.5 text-muted hover:text-ink hover:underline">
              {name}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
