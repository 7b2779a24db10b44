// TLS with a client certificate, as the URL of the database asks for it. A proxy that speaks PostgreSQL's TLS handshake
// and wants a certificate stands before the real server, because not every build of PostgreSQL has TLS.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTcp, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { TLSSocket } from "node:tls";
import { connect } from "../src/server/db.ts";

const SSL_REQUEST_BYTES = 8;
const folder = mkdtempSync(join(tmpdir(), "shop-tls-"));
const file = (name: string) => join(folder, name);
let proxy: Server;
let port: number;

function openssl(...options: string[]): void {
  execFileSync("openssl", options, { cwd: folder, stdio: "pipe" });
}

/** Make an authority, and certificates of a server and of a client that it signed. */
function makeCertificates(): void {
  const key = ["-newkey", "rsa:2048", "-nodes", "-days", "2"];
  for (const name of ["authority", "other"]) {
    openssl("req", "-x509", ...key, "-keyout", `${name}.key`, "-out", `${name}.crt`, "-subj", `/CN=${name}`);
  }
  for (const [name, extension] of [["server", "subjectAltName=DNS:localhost"], ["client", "subjectAltName=DNS:shop"]] as const) {
    openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    writeFileSync(file(`${name}.ext`), extension);
    openssl("x509", "-req", "-in", `${name}.csr`, "-CA", "authority.crt", "-CAkey", "authority.key", "-CAcreateserial", "-days", "2",
      "-extfile", `${name}.ext`, "-out", `${name}.crt`);
  }
}

function answer(client: Socket, target: URL): void {
  client.on("error", () => {});
  client.once("readable", () => {
    if (client.read(SSL_REQUEST_BYTES)?.readUInt32BE(4) !== 80877103) return client.destroy();
    client.write("S");
    const secure = new TLSSocket(client, {
      isServer: true, requestCert: true, rejectUnauthorized: true,
      ca: readFileSync(file("authority.crt")), cert: readFileSync(file("server.crt")), key: readFileSync(file("server.key")),
    });
    const server = connectTcp(Number(target.port || 5432), target.hostname);
    secure.on("error", () => server.destroy());
    server.on("error", () => secure.destroy());
    secure.on("close", () => server.destroy());
    secure.pipe(server).pipe(secure);
  });
}

before(async () => {
  makeCertificates();
  const target = new URL(process.env.CLICKSTREAM_WEB_DB_URL!);
  proxy = createServer((client) => answer(client, target)).listen(0, "127.0.0.1");
  await new Promise((done) => proxy.once("listening", done));
  ({ port } = proxy.address() as AddressInfo);
});
after(() => {
  proxy.close();
  rmSync(folder, { recursive: true });
});

/** Ask the database through the proxy; returns the answer, or the error's code. */
async function ask(host: string, parameters: Record<string, string>): Promise<unknown> {
  const url = new URL(process.env.CLICKSTREAM_WEB_DB_URL!);
  url.host = `${host}:${port}`;
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const sql = connect(url.href, 1);
  try {
    return (await sql`select 1 as one`)[0]!.one;
  } catch (error) {
    return (error as { code?: string }).code ?? "failed";
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const client = { sslcert: file("client.crt"), sslkey: file("client.key") };

test("a client certificate and a server that proves its name connect", async () => {
  assert.equal(await ask("localhost", { sslmode: "verify-full", sslrootcert: file("authority.crt"), ...client }), 1);
});

test("a server of another authority, or with another name, is refused", async () => {
  assert.notEqual(await ask("localhost", { sslmode: "verify-full", sslrootcert: file("other.crt"), ...client }), 1);
  assert.notEqual(await ask("localhost", { sslmode: "verify-full", ...client }), 1); // not an authority that Node.js knows
  assert.equal(await ask("127.0.0.1", { sslmode: "verify-full", sslrootcert: file("authority.crt"), ...client }), "ERR_TLS_CERT_ALTNAME_INVALID");
  assert.equal(await ask("127.0.0.1", { sslmode: "verify-ca", sslrootcert: file("authority.crt"), ...client }), 1);
});

test("without a client certificate the server refuses", async () => {
  assert.notEqual(await ask("localhost", { sslmode: "verify-full", sslrootcert: file("authority.crt") }), 1);
});
