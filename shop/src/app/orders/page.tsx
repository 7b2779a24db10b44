import type { Metadata } from "next";
import Link from "next/link";
import { redirect } from "next/navigation";
import { Empty } from "@/components/empty";
import { OrderDate, OrderStatus } from "@/components/order-details";
import { Picture } from "@/components/picture";
import { formatMoney } from "@/money";
import { orders as readOrders, type Order } from "@/server/orders";
import { currentUser } from "@/server/session";

export const metadata: Metadata = { title: "Your orders", robots: { index: false } };

const SHOWN_PICTURES = 4;

export default async function OrdersPage() {
  if (!(await currentUser())) redirect("/sign-in?return=/orders");
  const orders = await readOrders();
  return (
    <div className="wrap max-w-4xl pt-8">
      <h1 className="mb-6">Your orders</h1>
      {orders.length ? (
        <ul className="space-y-4">
          {orders.map((order) => (
            <li key={order.id}>
              <OrderRow order={order} />
            </li>
          ))}
        </ul>
      ) : (
        <Empty
          title="You have not ordered anything yet."
          text="Your orders appear here, with their status."
          href="/"
          action="Look around"
        />
      )}
    </div>
  );
}

function OrderRow({ order: { number, status, placedAt, total, currency, items } }: { order: Order }) {
  const count = items.reduce((sum, { quantity }) => sum + quantity, 0);
  return (
    <article className="panel relative flex flex-wrap items-center gap-4 hover:border-gray-400">
      <div className="mr-auto">
        <h2>
          <Link
            href={`/orders/${number}`}
            prefetch={false}
            className="after:absolute after:inset-0 hover:text-accent-dark"
          >
            {number}
          </Link>
        </h2>
        <p className="text-sm text-muted">
          <OrderDate placedAt={placedAt} /> · {count === 1 ? "1 product" : `${count} products`}
        </p>
      </div>
      <ul className="flex gap-2">
        {items.slice(0, SHOWN_PICTURES).map(({ productId, name, picture }) => (
          <li key={productId} className="w-16 overflow-hidden rounded-lg">
            <Picture src={picture} alt={name} />
          </li>
        ))}
      </ul>
      <OrderStatus status={status} />
      <p className="min-w-24 text-right font-semibold tabular-nums">{formatMoney(total, currency)}</p>
    </article>
  );
}
