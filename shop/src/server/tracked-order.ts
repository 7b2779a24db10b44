// An order as events carry it. The server's order_confirmed and the browser's checkout_complete have the same object,
// so that `clickstream orders check` can compare them with the order in the database.

import "server-only";
import { createHash } from "node:crypto";

const NAMESPACE_URL = Buffer.from("6ba7b8119dad11d180b400c04fd430c8", "hex");

export type TrackedOrder = {
  id: string;
  total: string;
  currency: string;
  discount: string;
  tax: string;
  shipping: string;
  coupon?: string;
  paymentMethod: string;
  items: { id: string; name: string; category: string; brand: string; price: string; quantity: number }[];
};

interface OrderRecord {
  number: string;
  total: string;
  currency: string;
  discount: string;
  tax: string;
  shipping: string;
  coupon: string | null;
  paymentMethod: string;
  items: { productId: string; name: string; category: string; brand: string; price: string; quantity: number }[];
}

export function trackedOrder(order: OrderRecord): TrackedOrder {
  const { number, total, currency, discount, tax, shipping, coupon, paymentMethod } = order;
  const items = order.items.map(({ productId, name, category, brand, price, quantity }) => ({
    id: productId, name, category, brand, price, quantity,
  }));
  return { id: number, total, currency, discount, tax, shipping, ...(coupon ? { coupon } : {}), paymentMethod, items };
}

/** The visitor's ids at checkout, for those who consented to tracking. */
export interface TrackedVisitor {
  clientId: string | null;
  sessionId: string | null;
  userId: string | null;
}

/** Return the event that the server records with an order. visitor: null without consent. */
export function orderConfirmed(orderId: string, placedAt: Date, order: TrackedOrder, visitor: TrackedVisitor | null) {
  return {
    eventName: "order_confirmed",
    eventId: uuidV5(orderId),
    createdAt: placedAt.toISOString(),
    order,
    ...(visitor?.clientId ? { clientId: visitor.clientId } : {}),
    ...(visitor?.sessionId ? { sessionId: visitor.sessionId } : {}),
    ...(visitor?.userId ? { userId: visitor.userId, identitySource: "shop" } : {}),
    ...(visitor ? { userLoginState: visitor.userId ? "logged_in" : "anonymous" } : {}),
  };
}

/** Return the UUID of a name (version 5, namespace of URLs): the same name always has the same id. */
export function uuidV5(name: string): string {
  const bytes = createHash("sha1").update(NAMESPACE_URL).update(name).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
