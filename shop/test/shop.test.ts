// The whole shop by HTTP: headers, health, and an order that a guest places without scripts.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Browser, type Page } from "./browser.ts";
import { createDatabase, insertProduct, type TestDatabase } from "./database.ts";
import { addToCart, confirmedNumber, order } from "./forms.ts";
import { startServers, type Servers } from "./servers.ts";

let database: TestDatabase;
let servers: Servers;
let shop: string;

before(async () => {
  database = await createDatabase();
  await insertProduct(database.sql, "desk-mouse", "120.00", 7);
  servers = await startServers(database.url);
  shop = servers.shop.origin;
});
after(async () => {
  await servers?.stop();
  await database?.drop();
});

test("pages have a policy with a new nonce each time, and no inline script without it", async () => {
  const browser = new Browser();
  const pages = [await browser.open(`${shop}/`), await browser.open(`${shop}/products/desk-mouse`)];
  const nonces = pages.map(({ headers, html }) => {
    const policy = headers.get("content-security-policy") ?? "";
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? "";
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(/script-src[^;]*/.exec(policy)![0], /unsafe/);
    const scripts = [...html.matchAll(/<script\b([^>]*)>/g)];
    assert.ok(scripts.length > 3);
    for (const [, attributes] of scripts) assert.ok(attributes!.includes(`nonce="${nonce}"`), attributes);
    assert.doesNotMatch(html, / style="/);
    return nonce;
  });
  assert.notEqual(nonces[0], nonces[1]);
  const { headers } = pages[0]!;
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.equal(headers.get("referrer-policy"), "strict-origin-when-cross-origin");
  assert.equal(headers.get("x-powered-by"), null);
  assert.match(headers.get("cache-control") ?? "", /no-store/);
});

test("the scripts for browsers hold no name of a secret and no code of the server", () => {
  const folder = new URL("../.next/static/chunks/", import.meta.url);
  const scripts = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
  assert.ok(scripts.length > 5);
  for (const name of scripts) {
    assert.doesNotMatch(readFileSync(new URL(name, folder), "utf8"), /SHOP_SECRET|AUTH_CLIENT_SECRET|WEB_DB_URL|web_sessions|cart_items/, name);
  }
});

test("an unknown page answers 404, an unknown product too", async () => {
  for (const path of ["/no-such-page", "/products/no-such-product", "/categories/none", "/brands/none", "/orders/CS-1"]) {
    const { status } = await new Browser().open(shop + path);
    assert.ok(status === 404 || path.startsWith("/orders"), `${path}: ${status}`);
  }
});

test("no parameter of a link makes the server fail", async () => {
  const values = ["%00", "%27", "%5C%25_", "-1", "99999999999999999999", "%F0%9F%92%BB", "%FF", "a".repeat(3_000)];
  for (const value of values) {
    const query = ["q", "brand", "category", "min", "max", "page", "sort", "stock"].map((name) => `${name}=${value}`).join("&");
    for (const path of [`/search?${query}`, `/categories/mice?${query}&brand=x`, `/products/${value}`, `/brands/${value}`, `/orders/${value}`]) {
      const { status } = await new Browser().open(shop + path);
      assert.ok(status < 500, `${path.slice(0, 80)}: ${status}`);
    }
  }
});

test("on https cookies cannot be set by other hosts, and browsers stay on https", async () => {
  const secure = await startServers(database.url, { SHOP_ORIGIN: "https://shop.example" });
  try {
    const { headers } = await new Browser().send(`${secure.shop.origin}/auth/login?return=/cart`);
    const [cookie] = headers.getSetCookie();
    assert.match(cookie ?? "", /^__Host-cs_tx_[0-9a-f]{16}=[^;]+; Path=\/; .*Secure; HttpOnly; SameSite=lax$/i);
    assert.match(headers.get("location") ?? "", /redirect_uri=https%3A%2F%2Fshop\.example%2Fauth%2Fcallback/);
    const page = await new Browser().open(`${secure.shop.origin}/`);
    assert.match(page.headers.get("strict-transport-security") ?? "", /max-age=63072000/);
  } finally {
    await secure.stop();
  }
});

async function cartWithMouse(): Promise<Browser> {
  const browser = new Browser();
  await addToCart(browser, shop, "desk-mouse");
  assert.match(browser.jar(shop).get("cs_cart") ?? "", /^[0-9a-f-]{36}$/);
  return browser;
}

const checkOut = async (browser: Browser, changes: Record<string, string> = {}) =>
  order(browser, await browser.open(`${shop}/checkout`), changes);

test("a guest orders without scripts, sees the order, and no other browser does", async () => {
  const browser = await cartWithMouse();
  const refused = await checkOut(browser, { email: "no-address", city: "" });
  assert.match(refused.html, /Enter your city\./);
  assert.match(refused.html, /Enter an e-mail address/);
  const page = await checkOut(browser, { clientId: "client-12345678" });
  const number = confirmedNumber(page);
  assert.ok(number, page.url.pathname);
  assert.match(page.html, new RegExp(number));
  assert.match(page.html, /€120\.00/);
  const stranger = await new Browser().open(page.url);
  assert.doesNotMatch(stranger.html, /Main Street/);
  const [row] = await database.sql<{ status: string; clientId: string | null; event: Record<string, unknown> }[]>`
    select o.status, o.client_id, b.event from orders o join outbox b on b.event->'order'->>'id' = o.number where o.number = ${number}`;
  assert.equal(row?.status, "placed");
  assert.equal(row?.clientId, null); // no consent: the id that came with the form is not kept
  assert.equal("clientId" in row!.event, false);
});

test("with consent the order keeps the visitor's ids", async () => {
  const browser = await cartWithMouse();
  browser.jar(shop).set("cs_consent", "granted");
  const page = await checkOut(browser, { clientId: "client-12345678", sessionId: "session-12345678" });
  const number = confirmedNumber(page);
  const [row] = await database.sql`select client_id, session_id from orders where number = ${number}`;
  assert.deepEqual({ ...row }, { clientId: "client-12345678", sessionId: "session-12345678" });
});

test("a search ranks matches of the name before those of category and description", async () => {
  const { sql } = database;
  await sql`insert into brands (id, name) values ('acme', 'Acme') on conflict do nothing`;
  await sql`insert into categories (id, name, position) values ('mice', 'Mice', 1), ('stands', 'Stands', 2) on conflict do nothing`;
  const products = [["stand-a", "Desk Stand", "stands", "Holds a mouse."], ["glide", "Glide", "mice", "For both hands."], ["stand-b", "Mouse Stand", "stands", "Steel."]];
  for (const [id, name, category, description] of products) {
    await sql`
      insert into products (id, name, brand_id, category_id, description, price)
      values (${id!}, ${name!}, 'acme', ${category!}, ${description!}, 10)`;
    await sql`insert into inventory (product_id, quantity) values (${id!}, 5)`;
  }
  await sql`update inventory set quantity = 0 where product_id = 'stand-b'`; // the rank comes before stock and sales
  const { html } = await new Browser().open(`${shop}/search?q=Mouse`);
  const shown = [...new Set([...html.matchAll(/href="\/products\/([\w-]+)"/g)].map(([, id]) => id!))];
  assert.deepEqual(shown.filter((id) => id !== "desk-mouse"), ["stand-b", "glide", "stand-a"]);
  assert.ok(shown.indexOf("desk-mouse") < shown.indexOf("glide"));
});

test("the empty cart links to an order of the last hour, and only in the browser that placed it", async () => {
  const browser = await cartWithMouse();
  const number = confirmedNumber(await checkOut(browser))!;
  const page = await browser.open(`${shop}/checkout`);
  assert.equal(page.url.pathname, "/cart");
  assert.match(page.html, /Your cart is empty/);
  assert.match(page.html, new RegExp(`href="/orders/${number}"`));
  assert.doesNotMatch((await new Browser().open(`${shop}/cart`)).html, /href="\/orders\/CS-/);
  await database.sql`update orders set placed_at = now() - interval '61 minutes' where number = ${number}`;
  assert.doesNotMatch((await browser.open(`${shop}/cart`)).html, /href="\/orders\/CS-/);
});

test("the confirmation of a cancelled order says so", async () => {
  const browser = await cartWithMouse();
  const page = await checkOut(browser);
  assert.match(page.html, /<h1>Thank you for your order/);
  await database.sql`select refund_order(id, total, 'test') from orders where number = ${confirmedNumber(page)!}`;
  const later = await browser.open(page.url);
  assert.match(later.html, /<h1>This order is cancelled/);
  assert.doesNotMatch(later.html, /Thank you/);
});

test("browsers that ask for /favicon.ico get the icon", async () => {
  const found = await fetch(`${shop}/favicon.ico`);
  assert.deepEqual([found.status, found.headers.get("content-type")], [200, "image/svg+xml"]);
});

test("after a change of price the customer sees the new total, and can order", async () => {
  const browser = await cartWithMouse();
  const page = await browser.open(`${shop}/checkout`);
  await database.sql`update products set price = 130 where id = 'desk-mouse'`;
  const refused = await order(browser, page);
  assert.match(refused.html, /A price has changed: the total is now €130\.00/);
  assert.ok(confirmedNumber(await order(browser, refused)));
});

test("a form that another site sends is refused", async () => {
  const browser = await cartWithMouse();
  const page = await browser.open(`${shop}/checkout`);
  const count = async () => (await database.sql`select from orders`).length;
  const before = await count();
  browser.origin = "https://evil.example";
  await order(browser, page).catch(() => null);
  assert.equal(await count(), before);
});

test("health fails while the database does", async () => {
  const health = () => fetch(`${shop}/api/health`);
  assert.deepEqual([(await health()).status, await (await health()).json()], [200, { ok: true }]);
  const name = new URL(database.url).pathname.slice(1);
  const admin = database.admin;
  await admin.unsafe(`alter database ${name} allow_connections false`);
  try {
    await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
    assert.equal((await health()).status, 503);
  } finally {
    await admin.unsafe(`alter database ${name} allow_connections true`);
  }
  assert.equal((await health()).status, 200); // and recovers
});
