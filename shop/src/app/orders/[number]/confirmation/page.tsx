import type { Metadata } from "next";
import Link from "next/link";
import { notFound } from "next/navigation";
import { CheckIcon } from "@/components/icons";
import { OrderDetails, OrderStatus } from "@/components/order-details";
import { completedOrder, order as readOrder } from "@/server/orders";
import { currentUser } from "@/server/session";
import { TrackCheckoutComplete } from "@/track/views";

interface Props {
  params: Promise<{ number: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const order = await readOrder((await params).number);
  return { title: order?.status === "cancelled" ? "Order cancelled" : "Thank you", robots: { index: false } };
}

export default async function ConfirmationPage({ params }: Props) {
  const [order, user] = await Promise.all([readOrder((await params).number), currentUser()]);
  if (!order) notFound();
  return (
    <div className="wrap pt-8">
      <TrackCheckoutComplete completed={completedOrder(order)} />
      <div className="panel mb-6 flex flex-wrap items-center gap-5 py-8 sm:py-10">
        {order.status === "cancelled" ? (
          <OrderStatus status={order.status} />
        ) : (
          <span className="grid size-14 place-items-center rounded-full bg-emerald-50 text-good">
            <CheckIcon className="size-8" />
          </span>
        )}
        <div className="mr-auto">
          <h1>{order.status === "cancelled" ? "This order is cancelled" : "Thank you for your order"}</h1>
          <p className="mt-1 text-muted">
            Your order number is <strong className="text-ink">{order.number}</strong>.
          </p>
        </div>
        <div className="flex flex-wrap gap-3">
          <Link href={user ? "/orders" : `/orders/${order.number}`} className="button">
            {user ? "Your orders" : "View this order"}
          </Link>
          <Link href="/" className="button-primary">
            Continue shopping
          </Link>
        </div>
      </div>
      <OrderDetails order={order} />
    </div>
  );
}
