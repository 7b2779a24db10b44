// The types of src/server/schema.ts equal the tables that the SQL files create.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { is, Table } from "drizzle-orm";
import { getTableConfig, type PgTable } from "drizzle-orm/pg-core";
import * as schema from "../src/server/schema.ts";
import { createDatabase, type TestDatabase } from "./database.ts";

let database: TestDatabase;
before(async () => {
  database = await createDatabase();
});
after(() => database.drop());

const tables = Object.values(schema).filter((each) => is(each, Table)) as unknown as PgTable[];

/** Describe a column as PostgreSQL's format_type does. */
const TYPES: Record<string, string> = { "timestamp with time zone": "timestamp with time zone", "char(2)": "character(2)", "char(3)": "character(3)" };

function declared() {
  return tables.flatMap((table) => {
    const { name, columns, primaryKeys } = getTableConfig(table);
    const composite = primaryKeys.flatMap((key) => key.columns.map((column) => column.name));
    return columns.map((column) => ({
      table: name,
      column: column.name,
      type: (TYPES[column.getSQLType()] ?? column.getSQLType()).replace(", ", ","),
      isRequired: column.notNull || column.primary || composite.includes(column.name),
      hasDefault: column.hasDefault || column.generatedIdentity !== undefined,
      isKey: column.primary || composite.includes(column.name),
    }));
  });
}

async function actual() {
  return database.sql`
    select c.relname as "table", a.attname as "column", format_type(a.atttypid, a.atttypmod) as type,
      a.attnotnull as "isRequired", (d.oid is not null or a.attidentity <> '') as "hasDefault",
      coalesce(a.attnum = any(k.conkey), false) as "isKey"
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace`;
}

const inOrder = <Row extends { table: string; column: string }>(rows: Row[]) =>
  rows.map((row) => ({ ...row })).sort((a, b) => `${a.table}.${a.column}`.localeCompare(`${b.table}.${b.column}`));

test("every column of the database is declared, with its type, default and key", async () => {
  const found = (await actual()) as unknown as ReturnType<typeof declared>;
  assert.ok(found.length > 80, `only ${found.length} columns found`);
  assert.deepEqual(inOrder(declared()), inOrder([...found]));
});
