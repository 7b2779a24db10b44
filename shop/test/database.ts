// A separate database for each test file: created on the server of CLICKSTREAM_WEB_DB_URL from the SQL files of the
// Python package, and dropped at the end. The shop's server connects as a user with the rights that it has on AWS.

import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import postgres from "postgres";
import { connect, type Sql } from "../src/server/db.ts";

const PACKAGE = new URL("../../src/clickstream/shop/", import.meta.url);
const SCHEMA = new URL("schema/", PACKAGE);

export interface TestDatabase {
  /** The URL for the shop's server: a user in the role clickstream_shop_server. */
  url: string;
  /** A pool of the owner. */
  sql: Sql;
  /** A connection to another database of the server. */
  admin: Sql;
  drop(): Promise<void>;
}

export async function createDatabase(): Promise<TestDatabase> {
  const server = process.env.CLICKSTREAM_WEB_DB_URL;
  if (!server) throw new Error("CLICKSTREAM_WEB_DB_URL is missing: the tests need a PostgreSQL server");
  const name = `shop_test_${randomBytes(6).toString("hex")}`;
  const admin = postgres(server, { max: 1, onnotice: () => {} });
  await admin.unsafe(`create database ${name}`);
  const address = new URL(server);
  address.pathname = `/${name}`;
  const sql = connect(address.href, 60);
  for (const file of readdirSync(SCHEMA).filter((each) => each.endsWith(".sql")).sort()) {
    await sql.unsafe(readFileSync(new URL(file, SCHEMA), "utf8"));
  }
  await sql.unsafe(readFileSync(new URL("roles.sql", PACKAGE), "utf8"));
  const password = randomBytes(12).toString("hex");
  await admin.unsafe(`create role ${name} login password '${password}' in role clickstream_shop_server`);
  const limited = new URL(address.href);
  [limited.username, limited.password] = [name, password];
  return {
    url: limited.href,
    sql,
    admin,
    async drop() {
      await sql.end({ timeout: 5 });
      await admin.unsafe(`drop database ${name} with (force)`);
      await admin.unsafe(`drop role ${name}`);
      await admin.end({ timeout: 5 });
    },
  };
}

/** Insert a product of a test brand. */
export async function insertProduct(sql: Sql, id: string, price: string, stock: number): Promise<void> {
  await sql`insert into brands (id, name) values ('acme', 'Acme') on conflict do nothing`;
  await sql`insert into categories (id, name, position) values ('mice', 'Mice', 1) on conflict do nothing`;
  await sql`
    insert into products (id, name, brand_id, category_id, description, price)
    values (${id}, ${`Mouse ${id}`}, 'acme', 'mice', 'A mouse.', ${price})`;
  await sql`insert into inventory (product_id, quantity) values (${id}, ${stock})`;
}

/** Create a visitor's cart and return its id. */
export async function insertCart(sql: Sql, items: Record<string, number>): Promise<string> {
  const [cart] = await sql<{ id: string }[]>`insert into carts default values returning id`;
  if (!cart) throw new Error("no cart");
  for (const [productId, quantity] of Object.entries(items)) {
    await sql`insert into cart_items (cart_id, product_id, quantity) values (${cart.id}, ${productId}, ${quantity})`;
  }
  return cart.id;
}
