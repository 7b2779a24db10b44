import type { Metadata } from "next";
import Link from "next/link";
import { redirect } from "next/navigation";
import { AddressBook } from "@/components/address-book";
import { SignOut } from "@/components/sign-out";
import { addresses } from "@/server/addresses";
import { orders } from "@/server/orders";
import { currentUser } from "@/server/session";
import { wishCount } from "@/server/wishlist";

export const metadata: Metadata = { title: "Your account", robots: { index: false } };

export default async function AccountPage() {
  const user = await currentUser();
  if (!user) redirect("/sign-in?return=/account");
  const [saved, placed, wishes] = await Promise.all([addresses(), orders(), wishCount()]);
  return (
    <div className="wrap max-w-4xl space-y-10 pt-8">
      <div className="flex flex-wrap items-start justify-between gap-4">
        <div className="min-w-0">
          <h1 className="wrap-anywhere">{user.name ? `Hello, ${user.name}` : "Your account"}</h1>
          <p className="mt-1 wrap-anywhere text-muted">{user.email}</p>
        </div>
        <SignOut />
      </div>
      <ul className="grid gap-4 sm:grid-cols-2">
        <Tile href="/orders" title="Your orders" text={placed.length === 1 ? "1 order" : `${placed.length} orders`} />
        <Tile href="/wishlist" title="Wishlist" text={wishes === 1 ? "1 product" : `${wishes} products`} />
      </ul>
      <section aria-labelledby="addresses">
        <h2 id="addresses" className="mb-4">
          Addresses
        </h2>
        <AddressBook addresses={saved} />
      </section>
    </div>
  );
}

function Tile({ href, title, text }: { href: string; title: string; text: string }) {
  return (
    <li className="panel relative hover:border-gray-400">
      <Link href={href} prefetch={false} className="font-semibold after:absolute after:inset-0 hover:text-accent-dark">
        {title}
      </Link>
      <p className="text-sm text-muted">{text}</p>
    </li>
  );
}
