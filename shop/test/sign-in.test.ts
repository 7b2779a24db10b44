// Sign-in by HTTP: the real shop, the real local provider and a real PostgreSQL. Each attack or accident is refused, or
// ends as it should.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, type Page } from "./browser.ts";
import { createDatabase, insertProduct, type TestDatabase } from "./database.ts";
import { startServers, type Servers } from "./servers.ts";

let database: TestDatabase;
let servers: Servers;
let shop: string;
let provider: string;

before(async () => {
  database = await createDatabase();
  await insertProduct(database.sql, "mouse", "50.00", 5);
  servers = await startServers(database.url);
  shop = servers.shop.origin;
  provider = servers.provider.origin;
});
after(async () => {
  await servers?.stop();
  await database?.drop();
});

const PASSWORD = "correct horse battery";
const atCallback = (url: URL) => url.pathname === "/auth/callback";
const errorOf = (page: Page) => (page.url.pathname === "/sign-in" ? page.url.searchParams.get("error") : null);
let accounts = 0;

/** Sign a new user up in this browser, and stop before the shop's callback. */
async function signUpUntilCallback(browser: Browser, path = "/", email = `user${++accounts}@example.com`): Promise<Page> {
  const form = await browser.click(await browser.open(`${shop}/auth/login?return=${encodeURIComponent(path)}`), "Create an account");
  return browser.submit(form, { name: "Ada Example", email, password: PASSWORD }, atCallback);
}

async function signUp(browser: Browser, email?: string): Promise<string> {
  await browser.open((await signUpUntilCallback(browser, "/", email)).url);
  return userIn(browser);
}

async function signInAs(browser: Browser, email: string, password = PASSWORD): Promise<Page> {
  return browser.submit(await browser.open(`${shop}/auth/login`), { email, password });
}

/** Return the id of the user whom the shop's pages know in this browser, "" for none. */
async function userIn(browser: Browser): Promise<string> {
  const { html, status } = await browser.open(`${shop}/`);
  assert.equal(status, 200);
  const match = /\\"userId\\":(?:null|\\"([^"\\]+)\\")/.exec(html);
  assert.ok(match, "the page does not hold the user of the tracker");
  return match[1] ?? "";
}

const sessionCookie = (browser: Browser) => browser.jar(shop).get("cs_session");
const sessionsOf = (userId: string) =>
  database.sql<{ refreshToken: string }[]>`
    select s.refresh_token from web_sessions s join users u on u.id = s.user_id where u.subject = ${userId}`;
const makeDue = (userId: string) =>
  database.sql`
    update web_sessions set access_expires_at = now() - interval '1 minute'
    where user_id = (select id from users where subject = ${userId})`;

test("a visitor who signs up comes back to the page, signed in, with the cart", async () => {
  const browser = new Browser();
  const [cart] = await database.sql<{ id: string }[]>`insert into carts default values returning id`;
  await database.sql`insert into cart_items (cart_id, product_id, quantity) values (${cart!.id}, 'mouse', 2)`;
  browser.jar(shop).set("cs_cart", cart!.id);
  const callback = await signUpUntilCallback(browser, "/search?term=mouse");
  const answer = await browser.send(callback.url);
  assert.equal(answer.status, 303);
  assert.equal(answer.headers.get("location"), `${shop}/search?term=mouse`);
  const session = answer.headers.getSetCookie().find((line) => line.startsWith("cs_session="));
  assert.match(session ?? "", /HttpOnly/i);
  assert.match(session ?? "", /SameSite=lax/i);
  const user = await userIn(browser);
  assert.ok(user);
  const items = await database.sql`
    select item.quantity from cart_items item join carts c on c.id = item.cart_id join users u on u.id = c.user_id
    where u.subject = ${user}`;
  assert.deepEqual([...items], [{ quantity: 2 }]);
  assert.equal(browser.jar(shop).has("cs_cart"), false);
});

test("tokens are not in the cookies, and in the database they are sealed", async () => {
  const browser = new Browser();
  const user = await signUp(browser);
  assert.match(sessionCookie(browser) ?? "", /^[\w-]{43}$/);
  const [session] = await sessionsOf(user);
  assert.equal(session?.refreshToken.split(".").length, 5); // an encrypted token (JWE)
  const raw = JSON.stringify(await database.sql`select encode(token_hash, 'base64') as hash from web_sessions`);
  assert.ok(!raw.includes(sessionCookie(browser)!));
});

test("a callback with another state is refused", async () => {
  const browser = new Browser();
  const { url } = await signUpUntilCallback(browser);
  url.searchParams.set("state", "A".repeat(43));
  assert.equal(errorOf(await browser.open(url)), "expired");
  assert.equal(sessionCookie(browser), undefined);
});

test("a callback in a browser that did not begin the sign-in is refused", async () => {
  const { url } = await signUpUntilCallback(new Browser());
  const victim = new Browser();
  assert.equal(errorOf(await victim.open(url)), "expired");
  assert.equal(sessionCookie(victim), undefined);
});

test("a replayed callback is refused, even with the cookie of its sign-in", async () => {
  const browser = new Browser();
  const { url } = await signUpUntilCallback(browser);
  const before = new Map(browser.jar(shop));
  await browser.open(url);
  const user = await userIn(browser);
  const again = await browser.send(url); // the cookie of the sign-in is gone
  assert.equal(again.headers.get("location"), `${shop}/sign-in?error=expired&return=%2F`);
  const thief = new Browser();
  for (const [name, value] of before) thief.jar(shop).set(name, value);
  assert.equal(errorOf(await thief.open(url)), "failed"); // the provider knows that the code was used
  assert.equal(sessionCookie(thief), undefined);
  await makeDue(user); // a replay means that the code leaked: the provider withdraws what it issued for it
  assert.equal(await userIn(browser), "");
});

test("an ID token with another nonce is refused", async () => {
  const browser = new Browser();
  const start = await browser.send(`${shop}/auth/login`);
  const address = new URL(start.headers.get("location")!);
  address.searchParams.set("nonce", "another-nonce");
  const form = await browser.click(await browser.open(address), "Create an account");
  const page = await browser.submit(form, { name: "Ada", email: "nonce@example.com", password: PASSWORD });
  assert.equal(errorOf(page), "failed");
  assert.equal(sessionCookie(browser), undefined);
  assert.match(servers.shop.log, /another nonce/);
});

test("the code of another sign-in is refused", async () => {
  const [browser, attacker] = [new Browser(), new Browser()];
  const mine = await signUpUntilCallback(browser);
  const theirs = await signUpUntilCallback(attacker);
  mine.url.searchParams.set("code", theirs.url.searchParams.get("code")!);
  assert.equal(errorOf(await browser.open(mine.url)), "failed"); // PKCE: the verifier belongs to another code
});

test("two tabs can sign in at the same time", async () => {
  const browser = new Browser();
  const [first, second] = [await browser.open(`${shop}/auth/login?return=/cart`), await browser.open(`${shop}/auth/login`)];
  const form = await browser.click(first, "Create an account");
  const callback = await browser.submit(form, { name: "Ada", email: "tabs@example.com", password: PASSWORD }, atCallback);
  const answer = await browser.send(callback.url);
  assert.equal(answer.headers.get("location"), `${shop}/cart`);
  const user = await userIn(browser);
  await browser.submit(second, { email: "tabs@example.com", password: PASSWORD });
  assert.equal(await userIn(browser), user);
});

test("a visitor who is signed in at the provider does not see the form again", async () => {
  const browser = new Browser();
  const user = await signUp(browser);
  browser.jar(shop).delete("cs_session");
  await browser.open(`${shop}/auth/login`);
  assert.equal(await userIn(browser), user);
});

test("a return address outside the shop is ignored", async () => {
  for (const path of ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "/auth/login"]) {
    const answer = await new Browser().send((await signUpUntilCallback(new Browser(), path)).url);
    assert.equal(answer.status, 303);
    const browser = new Browser();
    const signedIn = await browser.send((await signUpUntilCallback(browser, path)).url);
    assert.equal(signedIn.headers.get("location"), `${shop}/`, path);
  }
});

test("an invented or changed session cookie is anonymous", async () => {
  const browser = new Browser();
  for (const value of ["A".repeat(43), "'; drop table users; --", "A".repeat(5_000)]) {
    browser.jar(shop).set("cs_session", value);
    assert.equal(await userIn(browser), "");
  }
});

test("a session past its end is anonymous", async () => {
  const browser = new Browser();
  const user = await signUp(browser);
  await database.sql`
    update web_sessions set created_at = now() - interval '15 days', expires_at = now() - interval '1 second'
    where user_id = (select id from users where subject = ${user})`;
  assert.equal(await userIn(browser), "");
});

test("parallel requests refresh a session once, and the refresh token rotates", async () => {
  const browser = new Browser();
  const user = await signUp(browser);
  for (let round = 0; round < 3; round++) {
    const [old] = await sessionsOf(user);
    await makeDue(user);
    const users = await Promise.all(Array.from({ length: 10 }, () => userIn(browser)));
    assert.deepEqual(new Set(users), new Set([user])); // a second use of a rotated token would have ended the session
    const [renewed] = await sessionsOf(user);
    assert.notEqual(renewed?.refreshToken, old?.refreshToken);
  }
});

test("a refresh token that was rotated before is refused, and ends the session", async () => {
  const browser = new Browser();
  const user = await signUp(browser);
  const [old] = await sessionsOf(user);
  await makeDue(user);
  assert.equal(await userIn(browser), user);
  await database.sql`update web_sessions set refresh_token = ${old!.refreshToken} where user_id = (select id from users where subject = ${user})`;
  await makeDue(user);
  assert.equal(await userIn(browser), "");
  assert.equal((await sessionsOf(user)).length, 0);
});

test("a session survives while the provider cannot be reached", async () => {
  const browser = new Browser();
  const user = await signUp(browser);
  await new Promise((done) => setTimeout(done, 700)); // the provider saves its records every half second
  await servers.stopProvider();
  await makeDue(user);
  assert.equal(await userIn(browser), user);
  const stranger = new Browser();
  assert.equal((await stranger.open(`${shop}/`)).status, 200);
  await servers.startProvider();
  await makeDue(user);
  assert.equal(await userIn(browser), user); // the restarted provider knows its sessions
});

test("signing out ends the session here and at the provider, and revokes the refresh token", async () => {
  const browser = new Browser();
  const user = await signUp(browser);
  const token = sessionCookie(browser)!;
  const page = await browser.send(`${shop}/auth/logout`, { everywhere: "0" });
  assert.equal(page.status, 200);
  const next = /url=([^"]+)"/.exec(page.html)![1]!.replaceAll("&amp;", "&");
  assert.ok(next.startsWith(`${provider}/session/end?`));
  assert.equal((await sessionsOf(user)).length, 0);
  browser.jar(shop).set("cs_session", token); // a copy of the cookie is worth nothing
  assert.equal(await userIn(browser), "");
  const back = await browser.submit(await browser.open(next), {});
  assert.equal(back.url.href, `${shop}/`);
  const again = await browser.open(`${shop}/auth/login`);
  assert.match(again.html, /<h1>Sign in<\/h1>/); // the provider asks for the password again
});

test("a sign-out that another site sends is refused", async () => {
  const browser = new Browser();
  const user = await signUp(browser);
  for (const headers of [{ origin: "https://evil.example" }, { origin: "null" }]) {
    assert.equal((await browser.send(`${shop}/auth/logout`, {}, headers)).status, 403);
  }
  const answer = await fetch(`${shop}/auth/logout`, { method: "POST", headers: { cookie: `cs_session=${sessionCookie(browser)}` } });
  assert.equal(answer.status, 403); // neither Origin nor Sec-Fetch-Site
  assert.equal((await browser.send(`${shop}/auth/logout`)).status, 405); // a link or a picture
  assert.equal(await userIn(browser), user);
});

test("signing out on one device leaves the other signed in; signing out everywhere does not", async () => {
  const [laptop, phone, tablet] = [new Browser(), new Browser(), new Browser()];
  const user = await signUp(laptop, "devices@example.com");
  await signInAs(phone, "devices@example.com");
  await signInAs(tablet, "devices@example.com");
  await laptop.send(`${shop}/auth/logout`, {});
  await makeDue(user);
  assert.deepEqual([await userIn(laptop), await userIn(phone), await userIn(tablet)], ["", user, user]);
  await phone.send(`${shop}/auth/logout`, { everywhere: "1" });
  assert.deepEqual([await userIn(phone), await userIn(tablet)], ["", ""]);
});

test("a new password ends the sessions of all devices at the next refresh", async () => {
  const [laptop, phone] = [new Browser(), new Browser()];
  const user = await signUp(laptop, "forgetful@example.com");
  const forgot = await phone.click(await phone.open(`${shop}/auth/login`), "Forgotten password\\?");
  const reset = await phone.submit(forgot, { email: "forgetful@example.com" });
  const code = /code for forgetful@example\.com: (\d{6})/.exec(servers.provider.log)![1]!;
  const wrong = code === "000000" ? "000001" : "000000";
  const values = { email: "forgetful@example.com", password: "another horse battery" };
  const refused = await phone.submit(reset, { ...values, code: wrong });
  assert.match(refused.html, /This code is wrong or too old/);
  await phone.submit(refused, { ...values, code });
  assert.equal(await userIn(phone), user);
  await makeDue(user);
  assert.equal(await userIn(laptop), "");
});

test("unknown address and wrong password have the same answer, and attempts are limited", async () => {
  const browser = new Browser();
  await signUp(new Browser(), "known@example.com");
  const form = await browser.open(`${shop}/auth/login`);
  const textOf = (page: Page) => /role="alert">([^<]+)</.exec(page.html)?.[1];
  const unknown = textOf(await browser.submit(form, { email: "unknown@example.com", password: "wrong password" }));
  const wrong = textOf(await browser.submit(form, { email: "known@example.com", password: "wrong password" }));
  assert.equal(unknown, wrong);
  for (let attempt = 0; attempt < 4; attempt++) await browser.submit(form, { email: "known@example.com", password: "wrong" });
  const blocked = await browser.submit(form, { email: "known@example.com", password: PASSWORD });
  assert.match(textOf(blocked) ?? "", /Too many attempts/);
  assert.equal(sessionCookie(browser), undefined);
});

test("a shop without a client secret signs in by PKCE alone; an expired refresh token ends the session", async () => {
  const brief = await startServers(database.url, { PROVIDER_REFRESH_TTL_S: "1", AUTH_CLIENT_SECRET: "" });
  const known = shop;
  shop = brief.shop.origin;
  try {
    const browser = new Browser();
    const user = await signUp(browser);
    assert.ok(user);
    await new Promise((done) => setTimeout(done, 1_500));
    await makeDue(user);
    assert.equal(await userIn(browser), "");
    assert.equal((await sessionsOf(user)).length, 0);
  } finally {
    shop = known;
    await brief.stop();
  }
});
