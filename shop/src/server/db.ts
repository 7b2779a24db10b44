// The connection to the shop's database: one pool in a process, created at the first query.
//
// TLS follows the URL as PostgreSQL's own clients read it (sslmode, sslrootcert, sslcert, sslkey). Without sslmode, a
// server on another machine must prove its name (verify-full), and one on this machine is used without TLS.

import "server-only";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import postgres from "postgres";
import { isLoopback, settings } from "./settings.ts";

export type Sql = postgres.Sql;
/** A connection inside a transaction, or the pool. */
export type Query = postgres.Sql | postgres.TransactionSql;

const FILES = ["sslrootcert", "sslcert", "sslkey"] as const;

/** Create a pool for a postgresql:// URL. Connects at the first query. */
export function connect(url: string, max = 8): Sql {
  const address = new URL(url);
  const ssl = tlsOf(address);
  for (const name of ["sslmode", ...FILES]) address.searchParams.delete(name);
  return postgres(address.href, {
    ssl,
    max,
    idle_timeout: 30,
    connect_timeout: 10,
    connection: { application_name: "clickstream-shop", statement_timeout: 15_000, lock_timeout: 10_000 },
    transform: { column: { from: postgres.toCamel } }, // rows have the names of schema.ts
    onnotice: () => {},
  });
}

/** Return text as PostgreSQL can store it: without NUL, which no form or link of the shop contains. */
export function storable(text: string): string {
  return text.replaceAll("\0", "");
}

const shared = globalThis as { shopDatabase?: Sql };

/** Return the pool of this process. */
export function db(): Sql {
  return (shared.shopDatabase ??= connect(settings().databaseUrl));
}

/** Run a function in one transaction; an error rolls it back. */
export async function inTransaction<Result>(sql: Sql, work: (query: postgres.TransactionSql) => Promise<Result>): Promise<Result> {
  return (await sql.begin(work)) as Result;
}

/** Return the TLS options that a database URL asks for; false is a connection without TLS. */
export function tlsOf(address: URL): ConnectionOptions | false {
  const mode = address.searchParams.get("sslmode") ?? (isLoopback(address.hostname) ? "disable" : "verify-full");
  if (mode === "disable") return false;
  const [ca, cert, key] = FILES.map((name) => certificate(address.searchParams.get(name)));
  const isVerified = mode === "verify-full" || mode === "verify-ca" || ca !== undefined;
  return {
    host: address.hostname, // the name to verify where the address is an IP, which cannot be sent as server name
    ...(isIP(address.hostname) ? {} : { servername: address.hostname }),
    ca,
    cert,
    key,
    rejectUnauthorized: isVerified,
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}

function certificate(path: string | null): Buffer | undefined {
  return path === null || path === "system" ? undefined : readFileSync(path);
}
