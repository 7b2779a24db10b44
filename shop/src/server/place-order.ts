// Placing an order: one transaction that takes the stock, counts the coupon, writes the order with its event for the
// collector, and empties the cart. Prices come from the database only.
//
// Guarantees: an idempotency key makes one order, however often and however concurrently it is sent; stock never falls
// below zero; a refused or interrupted order leaves nothing behind. Locks are taken in one order (key, cart, stock by
// product id, coupon), so that orders wait for each other instead of failing.

import "server-only";
import { totalsOf, type PaymentMethod, type Totals } from "../rules.ts";
import { findCart, type Owner } from "./cart-store.ts";
import { findCoupon, takeCoupon, type Coupon } from "./coupons.ts";
import { inTransaction, type Query, type Sql } from "./db.ts";
import type { ShipTo } from "./schema.ts";
import { orderConfirmed, trackedOrder, type TrackedVisitor } from "./tracked-order.ts";

export interface OrderRequest {
  idempotencyKey: string;
  owner: Owner;
  userId: string | null;
  email: string;
  shipTo: ShipTo;
  paymentMethod: PaymentMethod;
  couponCode: string | null;
  expectedTotal: string; // as the customer saw it
  visitor: TrackedVisitor | null; // null without consent
}

export type OrderResult =
  | { ok: true; id: string; number: string }
  | { ok: false; problem: "empty" | "sold-out" | "coupon" | "price"; detail: string };

type Problem = Extract<OrderResult, { ok: false }>["problem"];

/** Rolls the transaction back. */
class Refusal extends Error {
  constructor(
    readonly problem: Problem,
    readonly detail = "",
  ) {
    super(problem);
  }
}

interface Line {
  productId: string;
  name: string;
  category: string;
  brand: string;
  price: string;
  quantity: number;
}

interface Sale {
  lines: Line[];
  totals: Totals;
  coupon: string | null;
}

interface NewOrder {
  id: string;
  number: string;
  placedAt: Date;
}

export async function placeOrder(sql: Sql, request: OrderRequest): Promise<OrderResult> {
  try {
    return { ok: true, ...(await inTransaction(sql, (query) => place(query, request))) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, problem: error.problem, detail: error.detail };
    throw error;
  }
}

async function place(query: Query, request: OrderRequest): Promise<{ id: string; number: string }> {
  await query`select pg_advisory_xact_lock(hashtextextended(${request.idempotencyKey}, 0))`;
  const earlier = await findByKey(query, request);
  if (earlier) return earlier;
  const cartId = await findCart(query, request.owner, true);
  const lines = cartId ? await takeStock(query, cartId) : [];
  if (!cartId || !lines.length) throw new Refusal("empty");
  const coupon = await useCoupon(query, request.couponCode, lines);
  const totals = totalsOf(lines, coupon);
  if (totals.total !== request.expectedTotal) throw new Refusal("price", totals.total);
  const sale = { lines, totals, coupon: coupon?.code ?? null };
  const order = await insertOrder(query, request, sale);
  await insertLines(query, order.id, lines);
  await recordEvent(query, request, order, sale);
  await query`delete from cart_items where cart_id = ${cartId}`;
  return { id: order.id, number: order.number };
}

async function findByKey(query: Query, { idempotencyKey, userId }: OrderRequest) {
  const [order] = await query<{ id: string; number: string; isOwn: boolean }[]>`
    select id, number, user_id is not distinct from ${userId}::uuid as is_own from orders
    where idempotency_key = ${idempotencyKey}`;
  if (order && !order.isOwn) throw new Refusal("empty");
  return order ? { id: order.id, number: order.number } : null;
}

/** Take the stock of a cart, and return its lines with today's prices. */
async function takeStock(query: Query, cartId: string): Promise<Line[]> {
  const lines = await query<(Line & { isActive: boolean })[]>`
    select item.product_id, item.quantity, p.name, p.is_active, b.name as brand, c.name as category,
      coalesce(p.discount_price, p.price) as price
    from cart_items item join products p on p.id = item.product_id
    join brands b on b.id = p.brand_id join categories c on c.id = p.category_id
    where item.cart_id = ${cartId} and p.is_active order by item.product_id`;
  for (const { productId, quantity, name } of lines) {
    const taken = await query`
      update inventory set quantity = quantity - ${quantity}, updated_at = now()
      where product_id = ${productId} and quantity >= ${quantity} returning product_id`;
    if (!taken.length) throw new Refusal("sold-out", name);
  }
  return lines;
}

/** Count a use of the coupon, if there is one and the lines reach its minimum. */
async function useCoupon(query: Query, code: string | null, lines: Line[]): Promise<Coupon | null> {
  if (!code) return null;
  const coupon = await findCoupon(query, code);
  if (!coupon) throw new Refusal("coupon", code);
  if (totalsOf(lines, coupon).discount === "0.00") return null;
  const taken = await takeCoupon(query, coupon.code);
  if (!taken) throw new Refusal("coupon", code);
  return taken;
}

async function insertOrder(query: Query, request: OrderRequest, { totals, coupon }: Sale): Promise<NewOrder> {
  const { idempotencyKey, userId, email, shipTo, paymentMethod, visitor } = request;
  const [order] = await query<NewOrder[]>`
    insert into orders (idempotency_key, user_id, email, status, currency, subtotal, discount, shipping, tax, total, coupon,
      payment_method, ship_to, client_id, session_id)
    values (${idempotencyKey}, ${userId}, ${email}, ${paymentMethod === "test_card" ? "paid" : "placed"}, ${totals.currency},
      ${totals.subtotal}, ${totals.discount}, ${totals.shipping}, ${totals.tax}, ${totals.total}, ${coupon},
      ${paymentMethod}, ${query.json({ ...shipTo })}, ${visitor?.clientId ?? null}, ${visitor?.sessionId ?? null})
    returning id, number, placed_at`;
  if (!order) throw new Error("the order was not written");
  return order;
}

async function insertLines(query: Query, orderId: string, lines: Line[]): Promise<void> {
  const rows = lines.map(({ productId, name, category, brand, price, quantity }, index) => ({
    order_id: orderId, line: index + 1, product_id: productId, name, category, brand, price, quantity,
  }));
  await query`insert into order_items ${query(rows)}`;
}

async function recordEvent(query: Query, request: OrderRequest, order: NewOrder, sale: Sale): Promise<void> {
  const { number, id, placedAt } = order;
  const { paymentMethod, visitor } = request;
  const tracked = trackedOrder({ ...sale.totals, number, coupon: sale.coupon, paymentMethod, items: sale.lines });
  const event = orderConfirmed(id, placedAt, tracked, visitor);
  await query`insert into outbox (event_id, event) values (${event.eventId}, ${query.json(event)})`;
}
