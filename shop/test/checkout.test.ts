// Placing orders at the same time, twice, and against what is left.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { totalsOf } from "../src/rules.ts";
import { mergeCart } from "../src/server/cart-store.ts";
import { inTransaction } from "../src/server/db.ts";
import { cancelFor } from "../src/server/orders.ts";
import { placeOrder, type OrderRequest } from "../src/server/place-order.ts";
import { uuidV5 } from "../src/server/tracked-order.ts";
import { createDatabase, insertCart, insertProduct, type TestDatabase } from "./database.ts";

let database: TestDatabase;
before(async () => {
  database = await createDatabase();
});
after(() => database.drop());

const shipTo = { fullName: "Ada Example", line1: "Main Street 1", line2: "", city: "Vienna", postalCode: "1010", country: "AT", phone: "" };

function requestFor(cartId: string, changes: Partial<OrderRequest> = {}): OrderRequest {
  return {
    idempotencyKey: randomUUID(),
    owner: { visitorCartId: cartId },
    userId: null,
    email: "ada@example.com",
    shipTo,
    paymentMethod: "test_card",
    couponCode: null,
    expectedTotal: totalsOf([{ price: "200.00", quantity: 1 }], null).total,
    visitor: { clientId: "client-12345678", sessionId: "session-12345678", userId: null },
    ...changes,
  };
}

const stockOf = async (id: string) =>
  (await database.sql<{ quantity: number }[]>`select quantity from inventory where product_id = ${id}`)[0]?.quantity;
const ordersOf = async (id: string) =>
  database.sql<{ orderId: string; quantity: number }[]>`select order_id, quantity from order_items where product_id = ${id}`;

test("50 concurrent checkouts of the last 5 items make 5 orders", async () => {
  await insertProduct(database.sql, "last-five", "200.00", 5);
  const carts = await Promise.all(Array.from({ length: 50 }, () => insertCart(database.sql, { "last-five": 1 })));
  const results = await Promise.all(carts.map((cart) => placeOrder(database.sql, requestFor(cart))));
  const placed = results.filter((result) => result.ok);
  assert.equal(placed.length, 5);
  assert.equal(new Set(placed.map(({ number }) => number)).size, 5);
  assert.ok(results.every((result) => result.ok || result.problem === "sold-out"));
  assert.equal(await stockOf("last-five"), 0);
  assert.equal((await ordersOf("last-five")).length, 5);
});

test("orders of the same products in any order of the cart do not block each other", async () => {
  const ids = ["cross-a", "cross-b", "cross-c"];
  for (const id of ids) await insertProduct(database.sql, id, "200.00", 40);
  const carts = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      insertCart(database.sql, Object.fromEntries((index % 2 ? ids : ids.toReversed()).map((id) => [id, 1]))),
    ),
  );
  const results = await Promise.all(carts.map((cart) => placeOrder(database.sql, requestFor(cart, { expectedTotal: "600.00" }))));
  assert.ok(results.every(({ ok }) => ok));
  for (const id of ids) assert.equal(await stockOf(id), 0);
});

test("a double click makes one order", async () => {
  await insertProduct(database.sql, "double", "200.00", 10);
  const cart = await insertCart(database.sql, { double: 1 });
  const request = requestFor(cart);
  const results = await Promise.all(Array.from({ length: 8 }, () => placeOrder(database.sql, request)));
  const later = await placeOrder(database.sql, request); // a retry after the answer was lost
  assert.equal(new Set([...results, later].map((result) => (result.ok ? result.number : result.problem))).size, 1);
  assert.equal(await stockOf("double"), 9);
  assert.equal((await ordersOf("double")).length, 1);
});

test("two tabs with the same cart make one order", async () => {
  await insertProduct(database.sql, "two-tabs", "200.00", 10);
  const cart = await insertCart(database.sql, { "two-tabs": 1 });
  const results = await Promise.all([placeOrder(database.sql, requestFor(cart)), placeOrder(database.sql, requestFor(cart))]);
  assert.deepEqual(results.map((result) => result.ok || result.problem).sort(), ["empty", true]);
  assert.equal(await stockOf("two-tabs"), 9);
});

test("an idempotency key of another user does not return that user's order", async () => {
  await insertProduct(database.sql, "foreign", "200.00", 10);
  const request = requestFor(await insertCart(database.sql, { foreign: 1 }));
  assert.ok((await placeOrder(database.sql, request)).ok);
  const [user] = await database.sql<{ id: string }[]>`insert into users (issuer, subject) values ('https://i', 'other') returning id`;
  const result = await placeOrder(database.sql, { ...request, userId: user!.id });
  assert.deepEqual(result, { ok: false, problem: "empty", detail: "" });
});

test("a coupon with 3 uses is used 3 times", async () => {
  await database.sql`insert into coupons (code, percent, max_uses) values ('THREE', 10, 3)`;
  const ids = Array.from({ length: 10 }, (_, index) => `couponed-${index}`); // orders that share nothing but the coupon
  for (const id of ids) await insertProduct(database.sql, id, "200.00", 5);
  const carts = await Promise.all(ids.map((id) => insertCart(database.sql, { [id]: 1 })));
  const results = await Promise.all(
    carts.map((cart) => placeOrder(database.sql, requestFor(cart, { couponCode: "THREE", expectedTotal: "180.00" }))),
  );
  assert.equal(results.filter(({ ok }) => ok).length, 3);
  assert.ok(results.every((result) => result.ok || result.problem === "coupon"));
  const [coupon] = await database.sql<{ uses: number }[]>`select uses from coupons where code = 'THREE'`;
  assert.equal(coupon?.uses, 3);
  const [left] = await database.sql<{ sum: string }[]>`select sum(quantity) from inventory where product_id like 'couponed-%'`;
  assert.equal(left?.sum, "47");
});

test("a total that differs from what the customer saw is refused, and nothing is left behind", async () => {
  await insertProduct(database.sql, "dearer", "200.00", 5);
  const cart = await insertCart(database.sql, { dearer: 1 });
  await database.sql`update products set price = 210 where id = 'dearer'`;
  assert.deepEqual(await placeOrder(database.sql, requestFor(cart)), { ok: false, problem: "price", detail: "210.00" });
  assert.equal(await stockOf("dearer"), 5);
  assert.ok((await placeOrder(database.sql, requestFor(cart, { expectedTotal: "210.00" }))).ok);
});

test("a visitor cannot order the cart of a user", async () => {
  await insertProduct(database.sql, "owned", "200.00", 5);
  const cart = await insertCart(database.sql, { owned: 1 });
  const [user] = await database.sql<{ id: string }[]>`insert into users (issuer, subject) values ('https://i', 'owner') returning id`;
  await inTransaction(database.sql, (query) => mergeCart(query, cart, user!.id));
  const result = await placeOrder(database.sql, requestFor(cart));
  assert.equal(result.ok || result.problem, "empty");
  assert.ok((await placeOrder(database.sql, requestFor(cart, { owner: { userId: user!.id }, userId: user!.id }))).ok);
});

test("the event of an order equals the order, and its id depends on the order alone", async () => {
  await insertProduct(database.sql, "tracked", "50.00", 5);
  await database.sql`insert into coupons (code, percent) values ('TEN', 10)`;
  const cart = await insertCart(database.sql, { tracked: 2 });
  const result = await placeOrder(database.sql, requestFor(cart, { couponCode: "ten", expectedTotal: "94.90", paymentMethod: "pay_on_delivery" }));
  assert.ok(result.ok);
  const [row] = await database.sql<{ eventId: string; event: Record<string, unknown>; placedAt: Date }[]>`
    select event_id, event, placed_at from outbox join orders on orders.number = event->'order'->>'id' where orders.id = ${result.id}`;
  assert.equal(row?.eventId, uuidV5(result.id));
  assert.deepEqual(row?.event, {
    eventName: "order_confirmed",
    eventId: uuidV5(result.id),
    createdAt: row?.placedAt.toISOString(),
    clientId: "client-12345678",
    sessionId: "session-12345678",
    userLoginState: "anonymous",
    order: {
      id: result.number, total: "94.90", currency: "EUR", discount: "10.00", tax: "15.82", shipping: "4.90", coupon: "TEN",
      paymentMethod: "pay_on_delivery",
      items: [{ id: "tracked", name: "Mouse tracked", category: "Mice", brand: "Acme", price: "50.00", quantity: 2 }],
    },
  });
});

test("without consent the event and the order hold no ids of the visitor", async () => {
  await insertProduct(database.sql, "private", "200.00", 5);
  const result = await placeOrder(database.sql, requestFor(await insertCart(database.sql, { private: 1 }), { visitor: null }));
  assert.ok(result.ok);
  const [row] = await database.sql<{ event: object; clientId: string | null }[]>`
    select event, client_id from outbox join orders on orders.number = event->'order'->>'id' where orders.id = ${result.id}`;
  assert.deepEqual(Object.keys(row!.event).sort(), ["createdAt", "eventId", "eventName", "order"]);
  assert.equal(row!.clientId, null);
});

test("a guest cancels an order once: it is refunded and back in stock", async () => {
  await insertProduct(database.sql, "returned", "200.00", 5);
  const result = await placeOrder(database.sql, requestFor(await insertCart(database.sql, { returned: 1 })));
  assert.ok(result.ok);
  const guest = { userId: null, guestOrders: [result.id] };
  const results = await Promise.all([1, 2, 3].map(() => cancelFor(database.sql, guest, result.number)));
  assert.deepEqual(results.sort(), [false, false, true]);
  const [row] = await database.sql`select status, refunded from orders where id = ${result.id}`;
  assert.deepEqual({ ...row }, { status: "cancelled", refunded: "200.00" });
  assert.equal(await stockOf("returned"), 5);
  assert.equal((await database.sql`select from refunds where order_id = ${result.id}`).length, 1);
});

test("only the browser or the user of an order can cancel it, and not after it was shipped", async () => {
  await insertProduct(database.sql, "shipped", "200.00", 5);
  const result = await placeOrder(database.sql, requestFor(await insertCart(database.sql, { shipped: 1 })));
  assert.ok(result.ok);
  const [user] = await database.sql<{ id: string }[]>`insert into users (issuer, subject) values ('https://i', 'stranger') returning id`;
  for (const stranger of [{ userId: null, guestOrders: [] }, { userId: user!.id, guestOrders: [randomUUID()] }]) {
    assert.equal(await cancelFor(database.sql, stranger, result.number), false);
  }
  await database.sql`update orders set status = 'shipped' where id = ${result.id}`;
  assert.equal(await cancelFor(database.sql, { userId: null, guestOrders: [result.id] }, result.number), false);
  await database.sql`update orders set status = 'paid', user_id = ${user!.id} where id = ${result.id}`;
  assert.equal(await cancelFor(database.sql, { userId: null, guestOrders: [result.id] }, result.number), false); // a user's order now
  assert.equal(await cancelFor(database.sql, { userId: user!.id, guestOrders: [] }, result.number), true);
});

test("UUIDs of names are those of RFC 9562", () => {
  assert.equal(uuidV5("www.example.com"), "b63cdfa4-3df9-568e-97ae-006c5b8fd652"); // uuid.uuid5(NAMESPACE_URL, …)
});
