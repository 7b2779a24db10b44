// Many customers at once, by HTTP: the last pieces are sold once, and a killed shop leaves no half order.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, type Page } from "./browser.ts";
import { createDatabase, insertProduct, type TestDatabase } from "./database.ts";
import { addToCart, confirmedNumber, order } from "./forms.ts";
import { startServers, type Servers } from "./servers.ts";

const CUSTOMERS = 50;
let database: TestDatabase;
let servers: Servers;

before(async () => {
  database = await createDatabase();
  servers = await startServers(database.url);
});
after(async () => {
  await servers?.stop();
  await database?.drop();
});

/** Bring customers to the checkout page, each with one piece of a product in the cart. */
async function customersAtCheckout(productId: string): Promise<{ browser: Browser; page: Page }[]> {
  const shop = servers.shop.origin;
  return Promise.all(
    Array.from({ length: CUSTOMERS }, async () => {
      const browser = new Browser();
      await addToCart(browser, shop, productId);
      return { browser, page: await browser.open(`${shop}/checkout`) };
    }),
  );
}

async function stateOf(productId: string) {
  const [state] = await database.sql<{ stock: number; orders: number; sold: number; events: number; halves: number }[]>`
    select (select quantity from inventory where product_id = ${productId}) as stock,
      count(distinct o.id)::int as orders, coalesce(sum(l.quantity), 0)::int as sold, count(distinct b.event_id)::int as events,
      (select count(*)::int from orders h where not exists (select from order_items where order_id = h.id)) as halves
    from order_items l join orders o on o.id = l.order_id
    left join outbox b on b.event->'order'->>'id' = o.number
    where l.product_id = ${productId}`;
  return { ...state };
}

test("50 customers who order the last 5 pieces at once get 5 orders", async () => {
  await insertProduct(database.sql, "rare", "150.00", 5);
  const customers = await customersAtCheckout("rare");
  const pages = await Promise.all(customers.map(({ browser, page }) => order(browser, page)));
  const numbers = pages.map(confirmedNumber).filter((number) => number !== null);
  assert.equal(new Set(numbers).size, 5);
  assert.equal(numbers.length, 5);
  for (const page of pages.filter((each) => !confirmedNumber(each))) assert.match(page.html, /There is not enough of/);
  assert.deepEqual(await stateOf("rare"), { stock: 0, orders: 5, sold: 5, events: 5, halves: 0 });
});

test("killing the shop during checkouts leaves whole orders or none", async () => {
  await insertProduct(database.sql, "killed", "150.00", 1_000);
  const customers = await customersAtCheckout("killed");
  const answers = customers.map(({ browser, page }) => order(browser, page).catch(() => null));
  while ((await stateOf("killed")).orders! < 3) await new Promise((done) => setTimeout(done, 1));
  await servers.shop.stop("SIGKILL");
  await Promise.all(answers);
  const idle = async () => database.sql`
    select from pg_stat_activity where datname = current_database() and application_name = 'clickstream-shop' and pid <> pg_backend_pid()
      and xact_start is not null`;
  for (const end = Date.now() + 10_000; (await idle()).length && Date.now() < end; ) await new Promise((done) => setTimeout(done, 50));
  const { orders, ...rest } = await stateOf("killed");
  assert.ok(orders! >= 3 && orders! < CUSTOMERS, `${orders} orders`);
  assert.deepEqual(rest, { stock: 1_000 - orders!, sold: orders, events: orders, halves: 0 });
});
