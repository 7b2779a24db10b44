// What an order contains, where it goes, and how it is paid.

import { COUNTRIES } from "@/rules";
import type { Order } from "@/server/orders";
import { ItemList } from "./item-list";
import { Summary } from "./summary";

const STATUS: Record<Order["status"], { name: string; colour: string }> = {
  placed: { name: "Placed", colour: "bg-accent-pale text-accent-dark" },
  paid: { name: "Paid", colour: "bg-emerald-50 text-good" },
  shipped: { name: "On its way", colour: "bg-sky-50 text-sky-800" },
  delivered: { name: "Delivered", colour: "bg-emerald-50 text-good" },
  cancelled: { name: "Cancelled", colour: "bg-red-50 text-bad" },
};

export function OrderStatus({ status }: { status: Order["status"] }) {
  const { name, colour } = STATUS[status];
  return <span className={`rounded-full px-3 py-1 text-sm font-semibold ${colour}`}>{name}</span>;
}

export function OrderDate({ placedAt }: { placedAt: string }) {
  const date = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" }).format(new Date(placedAt));
  return <time dateTime={placedAt}>{date}</time>;
}

export function OrderDetails({ order }: { order: Order }) {
  const { shipTo, paymentMethod, email } = order;
  const country = COUNTRIES.find(({ code }) => code === shipTo.country)?.name ?? shipTo.country;
  const address = [shipTo.fullName, shipTo.line1, shipTo.line2, `${shipTo.postalCode} ${shipTo.city}`, country].filter(
    Boolean,
  );
  return (
    <div className="items-start gap-6 space-y-6 lg:grid lg:grid-cols-[minmax(0,1fr)_20rem] lg:space-y-0">
      <section aria-labelledby="items" className="panel">
        <h2 id="items" className="mb-4">
          Products
        </h2>
        <ItemList items={order.items} currency={order.currency} />
        <div className="mt-4 ml-auto max-w-xs">
          <Summary amounts={order} coupon={order.coupon} refunded={order.refunded} />
        </div>
      </section>
      <section aria-labelledby="delivery" className="panel space-y-4 text-sm">
        <h2 id="delivery">Delivery</h2>
        <address className="wrap-anywhere not-italic">
          {address.map((line, index) => (
            <span key={index} className="block">
              {line}
            </span>
          ))}
        </address>
        <div>
          <p className="font-semibold">Payment</p>
          <p>{paymentMethod === "test_card" ? "Test card" : "Pay on delivery"}</p>
        </div>
        <div>
          <p className="font-semibold">E-mail</p>
          <p className="wrap-anywhere">{email}</p>
        </div>
      </section>
    </div>
  );
}
