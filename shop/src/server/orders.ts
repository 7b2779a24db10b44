// Orders of the current browser: those of the signed-in user, and those that it placed as a guest.

import "server-only";
import type { InferSelectModel } from "drizzle-orm";
import { toAmount, toCents } from "../money.ts";
import { firstPicture } from "./catalogue.ts";
import { DAY_S, isUuid, readCookie, writeCookie } from "./cookies.ts";
import { db, inTransaction, storable, type Query, type Sql } from "./db.ts";
import type { orderItems, orders as orderTable } from "./schema.ts";
import { currentUser } from "./session.ts";
import { trackedOrder, uuidV5, type TrackedOrder } from "./tracked-order.ts";


type OrderRow = InferSelectModel<typeof orderTable>;
type ItemRow = InferSelectModel<typeof orderItems>;

export type OrderItem = Omit<ItemRow, "orderId" | "line"> & { picture: string };

export type Order = Pick<
  OrderRow,
  | "id" | "number" | "status" | "email" | "currency" | "subtotal" | "discount" | "shipping" | "tax" | "total" | "refunded"
  | "coupon" | "paymentMethod" | "shipTo"
> & { placedAt: string; items: OrderItem[]; canCancel: boolean };

/** An order as the confirmation page tracks it. */
export interface CompletedOrder {
  eventId: string;
  order: TrackedOrder;
}

const MAX_GUEST_ORDERS = 5;
const MAX_ORDERS = 100;

/** Return the orders of the current user, the newest first, at most 100. */
export async function orders(): Promise<Order[]> {
  const user = await currentUser();
  if (!user) return [];
  const sql = db();
  return readOrders(await sql<OrderRow[]>`
    select * from orders where user_id = ${user.id} order by placed_at desc, number desc limit ${MAX_ORDERS}`);
}

/** Return an order by its number; null if it does not exist or belongs to another customer. */
export async function order(number: string): Promise<Order | null> {
  const rows = await visibleRows(db(), await viewer(), number);
  return (await readOrders(rows))[0] ?? null;
}

/** Return the number of the newest order of the last hour that this browser may see; null if there is none. */
export async function recentOrder(): Promise<string | null> {
  const who = await viewer();
  const [row] = await db()<{ number: string }[]>`
    select number from orders where placed_at > now() - interval '1 hour'
      and ${isVisible(db(), who)}
    order by placed_at desc, number desc limit 1`;
  return row?.number ?? null;
}

/** Who may see an order: its user, or the browser that placed it as a guest. */
export interface Viewer {
  userId: string | null;
  guestOrders: string[];
}

async function viewer(): Promise<Viewer> {
  return { userId: (await currentUser())?.id ?? null, guestOrders: await guestOrderIds() };
}

function isVisible(query: Query, { userId, guestOrders }: Viewer) {
  return query`(user_id = ${userId}::uuid or (user_id is null and id = any(${guestOrders}::uuid[])))`;
}

async function visibleRows(query: Query, who: Viewer, number: string, isLocked = false): Promise<OrderRow[]> {
  return query<OrderRow[]>`
    select * from orders where number = ${storable(number)} and ${isVisible(query, who)} ${isLocked ? query`for update` : query``}`;
}

async function readOrders(rows: OrderRow[]): Promise<Order[]> {
  if (!rows.length) return [];
  const items = await db()<ItemRow[]>`
    select * from order_items where order_id in ${db()(rows.map(({ id }) => id))} order by order_id, line`;
  return rows.map((row) => toOrder(row, items.filter(({ orderId }) => orderId === row.id)));
}

function toOrder(row: OrderRow, items: ItemRow[]): Order {
  const { idempotencyKey: _key, userId: _user, clientId: _client, sessionId: _session, placedAt, ...shown } = row;
  return {
    ...shown,
    placedAt: placedAt.toISOString(),
    canCancel: canCancel(row),
    items: items.map(({ orderId: _order, line: _line, ...item }) => ({ ...item, picture: firstPicture(item.productId) })),
  };
}

function canCancel({ status, refunded, total }: OrderRow): boolean {
  return (status === "placed" || status === "paid") && toCents(refunded) < toCents(total);
}

/** Cancel an order of this browser: what has not been refunded is given back. Returns whether that was possible. */
export async function cancel(number: string): Promise<boolean> {
  return cancelFor(db(), await viewer(), number);
}

export async function cancelFor(sql: Sql, who: Viewer, number: string): Promise<boolean> {
  return inTransaction(sql, async (query) => {
    const [row] = await visibleRows(query, who, number, true);
    if (!row || !canCancel(row)) return false;
    const rest = toAmount(toCents(row.total) - toCents(row.refunded));
    await query`select refund_order(${row.id}::uuid, ${rest}::numeric, 'cancelled by the customer')`;
    return true;
  });
}

async function guestOrderIds(): Promise<string[]> {
  return ((await readCookie("orders")) ?? "").split(".").filter(isUuid);
}

/** Let this browser see an order that it placed as a guest. The order's id cannot be guessed. */
export async function rememberGuestOrder(orderId: string): Promise<void> {
  const known = (await guestOrderIds()).filter((id) => id !== orderId);
  await writeCookie("orders", [orderId, ...known].slice(0, MAX_GUEST_ORDERS).join("."), 90 * DAY_S);
}

/** Return what the confirmation page tracks. The event id differs from the server's, which reports the same order. */
export function completedOrder(order: Order): CompletedOrder {
  return { eventId: uuidV5(`${order.id} checkout_complete`), order: trackedOrder(order) };
}
