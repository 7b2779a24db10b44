// Settings and return paths: what is refused, and what the messages do not repeat.

import assert from "node:assert/strict";
import { test } from "node:test";
import { tlsOf } from "../src/server/db.ts";
import { endSessionUrl } from "../src/server/auth/provider.ts";
import { returnPath } from "../src/server/auth/return-path.ts";
import { readSettings } from "../src/server/settings.ts";

const VALID = {
  CLICKSTREAM_WEB_DB_URL: "postgresql://shop:secret@127.0.0.1:5433/clickstream_web",
  SHOP_ORIGIN: "https://shop.example",
  SHOP_SECRET: Buffer.alloc(32, 7).toString("base64"),
  AUTH_ISSUER: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc",
  AUTH_CLIENT_ID: "shop",
  CLICKSTREAM_COLLECTOR_URL: "https://collect.example/clickstream",
};

test("valid settings are read", () => {
  const settings = readSettings(VALID);
  assert.equal(settings.collectorUrl, "https://collect.example");
  assert.equal(settings.scope, "openid email profile");
  assert.equal(settings.secret.length, 32);
});

test("all problems are reported at once, without the values of secrets", () => {
  const wrong = {
    CLICKSTREAM_WEB_DB_URL: "mysql://root:hunter2@db/shop", SHOP_ORIGIN: "http://shop.example/path", SHOP_SECRET: "c2hvcnQ=",
    AUTH_ISSUER: "http://login.example", AUTH_SCOPE: "email",
  };
  assert.throws(() => readSettings(wrong), (error: Error) => {
    for (const name of [...Object.keys(wrong), "AUTH_CLIENT_ID", "CLICKSTREAM_COLLECTOR_URL"]) assert.ok(error.message.includes(name), name);
    assert.ok(!/hunter2|c2hvcnQ/.test(error.message));
    return true;
  });
});

test("Cognito's sign-out has its own parameters; the ID token goes only to providers that want it", async () => {
  const shared = globalThis as { shopSettings?: unknown; shopProvider?: unknown };
  const endSession = "https://shop.auth.eu-west-1.amazoncognito.com/logout";
  shared.shopProvider = { endpoints: { endSession }, readAt: Date.now() };
  const parametersAt = async (issuer: string) => {
    shared.shopSettings = readSettings({ ...VALID, AUTH_ISSUER: issuer });
    return Object.fromEntries(new URL((await endSessionUrl("id.to.ken"))!).searchParams);
  };
  try {
    assert.deepEqual(await parametersAt(VALID.AUTH_ISSUER), { client_id: "shop", logout_uri: "https://shop.example/" });
    assert.deepEqual(await parametersAt("https://login.example"), {
      client_id: "shop", id_token_hint: "id.to.ken", post_logout_redirect_uri: "https://shop.example/",
    });
  } finally {
    delete shared.shopSettings;
    delete shared.shopProvider;
  }
});

test("a database on another machine must prove its name", () => {
  const of = (url: string) => tlsOf(new URL(url)) as { rejectUnauthorized?: boolean; checkServerIdentity?: unknown } | false;
  assert.equal(of("postgresql://u@127.0.0.1/db"), false);
  assert.equal(of("postgresql://u@db.example/db?sslmode=disable"), false);
  assert.deepEqual({ ...of("postgresql://u@db.example/db"), ca: 0, cert: 0, key: 0 }, {
    host: "db.example", servername: "db.example", ca: 0, cert: 0, key: 0, rejectUnauthorized: true,
  });
  const byAuthority = of("postgresql://u@127.0.0.1/db?sslmode=verify-ca");
  assert.ok(byAuthority && byAuthority.rejectUnauthorized && byAuthority.checkServerIdentity);
  assert.throws(() => of("postgresql://u@db.example/db?sslrootcert=/no/such/file"), /ENOENT/);
});

test("only pages of the shop are return paths", () => {
  for (const path of ["/", "/cart", "/search?q=a%20b&page=2", "/products/x1"]) assert.equal(returnPath(path), path);
  for (const path of [
    undefined, null, 7, "", "cart", "//evil.example", "/\\evil.example", "\\/evil.example", "/%09/evil.example/..//x",
    "https://evil.example", "/.//evil.example", "/a/..//evil.example", "/auth/logout", "/sign-in?return=/", `/${"x".repeat(2_000)}`,
  ]) {
    const result = returnPath(path);
    assert.equal(new URL(result, "https://shop.example").origin, "https://shop.example");
    assert.ok(result === "/" || result.startsWith("/%09"), `${path} -> ${result}`);
  }
});
