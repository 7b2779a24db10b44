import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { Breadcrumbs } from "@/components/breadcrumbs";
import { CancelOrder } from "@/components/cancel-order";
import { OrderDate, OrderDetails, OrderStatus } from "@/components/order-details";
import { order as readOrder } from "@/server/orders";

interface Props {
  params: Promise<{ number: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: `Order ${(await params).number}`, robots: { index: false } };
}

export default async function OrderPage({ params }: Props) {
  const order = await readOrder((await params).number);
  if (!order) notFound();
  return (
    <div className="wrap">
      <Breadcrumbs steps={[{ href: "/orders", name: "Your orders" }]} current={order.number} />
      <div className="mb-6 flex flex-wrap items-center gap-x-4 gap-y-2">
        <h1>Order {order.number}</h1>
        <OrderStatus status={order.status} />
        <p className="text-muted">
          <OrderDate placedAt={order.placedAt} />
        </p>
      </div>
      <OrderDetails order={order} />
      <div className="mt-6">
        <CancelOrder number={order.number} canCancel={order.canCancel} />
      </div>
    </div>
  );
}
