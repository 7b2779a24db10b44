// The head of every page: name, search, account, wishlist, cart, categories.

import Form from "next/form";
import Link from "next/link";
import { categories } from "@/server/catalogue";
import { cartCount } from "@/server/cart";
import { currentUser } from "@/server/session";
import { wishCount } from "@/server/wishlist";
import { CartIcon, HeartIcon, PersonIcon, SearchIcon } from "./icons";

export async function SiteHeader() {
  const [all, user, wishes, items] = await Promise.all([categories(), currentUser(), wishCount(), cartCount()]);
  const account = user ? user.name || user.email || "Account" : "Sign in";
  return (
    <>
      <header className="sticky top-0 z-30 border-b border-line bg-white">
        <a
          href="#content"
          className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded-lg focus:bg-white focus:p-3"
        >
          Skip to content
        </a>
        <div className="wrap flex flex-wrap items-center gap-x-4 gap-y-2 py-3 sm:flex-nowrap">
          <Link href="/" className="mr-auto text-lg font-bold tracking-tight sm:mr-2">
            Click<span className="text-accent">Steam</span>
          </Link>
          <Form
            action="/search"
            role="search"
            className="relative order-last w-full sm:order-none sm:mx-auto sm:max-w-xl"
          >
            <label htmlFor="search" className="sr-only">
              Search the shop
            </label>
            <input
              id="search"
              name="q"
              type="search"
              maxLength={200}
              placeholder="Search laptops, monitors, …"
              className="input rounded-full bg-gray-50 pr-12 pl-4"
            />
            <button
              type="submit"
              aria-label="Search"
              className="absolute top-0 right-0 grid size-11 place-items-center rounded-full text-muted hover:text-ink"
            >
              <SearchIcon className="size-5" />
            </button>
          </Form>
          <nav aria-label="Your shop" className="flex items-center gap-1">
            <HeaderLink href={user ? "/account" : "/sign-in"} label={account}>
              <PersonIcon />
            </HeaderLink>
            <HeaderLink href="/wishlist" label="Wishlist" count={wishes}>
              <HeartIcon />
            </HeaderLink>
            <HeaderLink href="/cart" label="Cart" count={items}>
              <CartIcon />
            </HeaderLink>
          </nav>
        </div>
      </header>
      <nav aria-label="Categories" className="border-b border-line bg-white">
        <ul className="wrap flex gap-1 overflow-x-auto">
          {all.map(({ id, name }) => (
            <li key={id}>
              <Link
                href={`/categories/${id}`}
                prefetch={false}
                className="block px-2 py-2.5 text-sm font-medium text-muted hover:text-ink sm:px-3"
              >
                {name}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
    </>
  );
}

function HeaderLink({
  href,
  label,
  count,
  children,
}: {
  href: string;
  label: string;
  count?: number;
  children: React.ReactNode;
}) {
  const name = count === undefined ? label : `${label}, ${count} ${count === 1 ? "product" : "products"}`;
  return (
    <Link
      href={href}
      prefetch={false}
      aria-label={name}
      title={label}
      className="relative flex min-h-11 min-w-11 items-center justify-center gap-2 rounded-lg px-2 hover:bg-gray-100"
    >
      {children}
      {count === undefined && <span className="hidden max-w-32 truncate text-sm font-medium lg:block">{label}</span>}
      {count !== undefined && count > 0 && (
        <span className="absolute -top-0.5 right-0 min-w-5 rounded-full bg-accent px-1.5 text-center text-xs leading-5 font-semibold text-white tabular-nums">
          {count}
        </span>
      )}
    </Link>
  );
}
