import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { load } from "./load.mjs";

const functions = ["track", "identify", "reset", "consent", "push"];

test("on a server the package can be imported and its functions have no effect", async () => {
  for (const { start } of [await import("../dist/index.js"), createRequire(import.meta.url)("../dist/index.cjs")]) {
    const tracker = start({ endpoint: "https://collect.example/clickstream" });
    assert.deepEqual(Object.keys(tracker), functions);
    tracker.track("x", { product: { id: "1" } });
    tracker.consent(true);
  }
  assert.equal(typeof (await import("../dist/extra.js")).shop, "function");
});

test("types are built for both entries", () => {
  const { exports } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url)));
  for (const entry of Object.values(exports).flatMap(Object.values)) {
    for (const file of Object.values(entry)) assert.ok(readFileSync(new URL(`../${file}`, import.meta.url)).length > 0);
  }
});

test("the collector serves the scripts that tracker/src builds", () => {
  for (const name of ["clickstream.js", "clickstream.extra.js"]) {
    const built = readFileSync(new URL(`../dist/${name}`, import.meta.url));
    const served = readFileSync(new URL(`../../src/clickstream/collect/static/${name}`, import.meta.url));
    assert.ok(served.equals(built), `${name} is out of date: run make tracker and commit it`);
  }
});

test("the script stays within its size limit", () => {
  const script = readFileSync(new URL("../dist/clickstream.js", import.meta.url));
  assert.ok(gzipSync(script, { level: 9 }).length <= 3_300);
});

test("ids are random UUIDs", async () => {
  const { newId } = await load("event");
  const ids = new Set(Array.from({ length: 1000 }, newId));
  assert.equal(ids.size, 1000);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("placeholders and empty values are not ids", async () => {
  const { idOf } = await load("event");
  const nil = "00000000-0000-0000-0000-000000000000";
  const texts = ["", "  ", "undefined", " null ", "NULL", "Null", "None", "NaN", "nan", "nil", "<nil>", "(not set)", nil];
  const casts = ["[object Object]", "[object Promise]", "true", "false", "0", "-1", "anonymous", "guest", "Guest", "TRUE"];
  const values = [undefined, null, NaN, true, 0, {}, [], new Map(), Promise.resolve("u-1")];
  for (const value of [...texts, ...casts, ...values]) assert.equal(idOf(value), undefined, String(value));
  for (const id of ["u-7", "Nil", "Nan", "nil-1", "10", "nullable", "guest-4", "007", "é"]) assert.equal(idOf(` ${id} `), id);
  assert.equal(idOf(7), "7");
});

const PAGE = "https://app.example/shop?q=1";
for (const [fragment, route, anchor] of [
  ["", "", ""],
  ["#", "", ""],
  ["#/", "#/", "#/"],
  ["#/p/42", "#/p/42", "#/p/42"],
  ["#!/p/42", "#!/p/42", "#!/p/42"],
  ["#/p?utm_source=a", "#/p", "#/p"],
  ["#/p&token=a", "#/p", "#/p"],
  ["#reviews", "", "#reviews"],
  ["#reviews?page=2", "", "#reviews"],
  ["#access_token=secret&state=x", "", ""],
  ["#state=x&access_token=secret", "", ""],
  ["#/access_token=secret", "#/access_token", "#/access_token"],
  ["#/callback#access_token=secret", "#/callback", "#/callback"],
  ["#!", "", "#!"],
]) {
  test(`a page URL with the fragment "${fragment}"`, async () => {
    const { cleanUrl } = await load("event");
    assert.equal(cleanUrl(PAGE + fragment), PAGE + route);
    assert.equal(cleanUrl(PAGE + fragment, true), PAGE + anchor);
  });
}

test("half a surrogate pair is replaced, other text is unchanged", async () => {
  const { toLine } = await load("event");
  for (const text of ["\ud83d\ude00", "\\ud83d", '\\\\"\n\u0001 \u2028', "ü\\", "\\u0041"]) assert.equal(JSON.parse(toLine(text)), text);
  assert.equal(JSON.parse(toLine("a\ud83d")), "a\ufffd");
  assert.equal(JSON.parse(toLine({ "\ude00": "\ude00b" }))["\ufffd"], "\ufffdb");
});

test("a batch has at most 25 lines and 60,000 bytes, counted in UTF-8", async () => {
  const { cut } = await load("sender");
  assert.equal(cut(Array(40).fill("{}"), 25, 60_000).length, 25);
  assert.equal(cut(Array(9).fill("a".repeat(9_999)), 25, 60_000).length, 6);
  assert.equal(cut(Array(9).fill("ü".repeat(9_999)), 25, 60_000).length, 3);
  assert.equal(cut(["a".repeat(99_999), "b"], 25, 60_000).length, 1, "a line over the limit is sent alone");
  assert.deepEqual(cut([], 25, 60_000), []);
});

test("only the utm_ parameters of a landing page are kept", async () => {
  const { campaignOf } = await load("identity");
  assert.deepEqual(campaignOf("?q=shoes&utm_source=a%20b&utm_medium=cpc&email=me"), { utm_source: "a b", utm_medium: "cpc" });
  assert.deepEqual(campaignOf(""), {});
});

test("the total of an order is exact", async () => {
  const { orderOf } = await load("extra");
  const items = [{ id: "a", price: "0.10", quantity: 3 }, { id: "b", price: 1999.99, quantity: 2 }, { id: "c" }];
  assert.deepEqual(orderOf("O-1", items, "EUR"), { id: "O-1", items, total: "4000.2800", currency: "EUR" });
});

test("shop events have the names that the metrics use", async () => {
  const { shop } = await load("extra");
  const calls = [];
  for (const verb of Object.values(shop({ push: ([, name]) => calls.push(name) }))) verb({ id: "1" });
  assert.deepEqual(calls, [
    "home_view", "category_view", "product_view", "search", "add_to_cart_click", "remove_from_cart_click",
    "wishlist_toggle", "share_click", "login_open", "login_success", "logout", "checkout_start", "checkout_complete",
    "order_refunded",
  ]);
});
