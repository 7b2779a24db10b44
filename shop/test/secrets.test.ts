// Secrets from Systems Manager: where they end up, and what an error reveals. The service is a server on this machine.

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { test } from "node:test";
import { loadSecrets } from "../src/server/secrets.ts";
import { readSettings } from "../src/server/settings.ts";

const FOLDER = "/clickstream/web/shop";
const VALUES: Record<string, string> = {
  password: "p@ss:/word?",
  certificate: "-----BEGIN CERTIFICATE-----\nclient\n",
  key: "-----BEGIN PRIVATE KEY-----\nhidden\n",
  secret: Buffer.alloc(32, 7).toString("base64"),
  ca: "-----BEGIN CERTIFICATE-----\nauthority\n",
};
const ENVIRONMENT = {
  CLICKSTREAM_WEB_DB_URL: "postgresql://shop@203.0.113.7:5432/clickstream_web?sslmode=verify-full",
  CLICKSTREAM_WEB_SECRETS: FOLDER,
  CLICKSTREAM_COLLECTOR_URL: "https://collect.example",
  SHOP_ORIGIN: "https://shop.example",
  AUTH_ISSUER: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc",
  AUTH_CLIENT_ID: "shop",
};

/** Run with a server that answers GetParameters with these values; return the requests that it got. */
async function withParameters(values: Record<string, string>, run: () => Promise<void>): Promise<unknown[]> {
  const requests: unknown[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString()) as { Names: string[] };
    requests.push({ target: request.headers["x-amz-target"], ...body });
    const known = body.Names.filter((name) => values[name.slice(FOLDER.length + 1)] !== undefined);
    response.setHeader("content-type", "application/x-amz-json-1.1");
    response.end(JSON.stringify({
      Parameters: known.map((name) => ({ Name: name, Type: "SecureString", Value: values[name.slice(FOLDER.length + 1)] })),
      InvalidParameters: body.Names.filter((name) => !known.includes(name)),
    }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const names = ["AWS_ENDPOINT_URL_SSM", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
  const before = names.map((name) => process.env[name]);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, { AWS_ENDPOINT_URL_SSM: url, AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" });
  try {
    await run();
  } finally {
    names.forEach((name, index) => {
      if (before[index] === undefined) delete process.env[name];
      else process.env[name] = before[index];
    });
    await new Promise((resolve) => server.close(resolve));
  }
  return requests;
}

test("secrets complete the settings, and certificates are files that only the server's user reads", async () => {
  const environment: Record<string, string | undefined> = { ...ENVIRONMENT };
  const requests = await withParameters(VALUES, () => loadSecrets(environment));
  assert.deepEqual(requests, [{
    target: "AmazonSSM.GetParameters",
    Names: ["password", "certificate", "key", "secret", "ca"].map((name) => `${FOLDER}/${name}`),
    WithDecryption: true,
  }]);
  const settings = readSettings(environment);
  assert.equal(settings.secret.length, 32);
  const url = new URL(settings.databaseUrl);
  assert.equal(decodeURIComponent(url.password), VALUES.password);
  assert.equal(url.searchParams.get("sslmode"), "verify-full");
  for (const [parameter, name] of [["sslrootcert", "ca"], ["sslcert", "certificate"], ["sslkey", "key"]] as const) {
    const path = url.searchParams.get(parameter) ?? "";
    assert.equal(readFileSync(path, "utf8"), VALUES[name]);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
  }
});

test("a missing secret is named, and the values of the others are not repeated", async () => {
  const { key, ...others } = VALUES;
  await withParameters(others, async () => {
    await assert.rejects(loadSecrets({ ...ENVIRONMENT }), (error: Error) => {
      assert.match(error.message, /missing: \/clickstream\/web\/shop\/key/);
      for (const value of Object.values(others)) assert.ok(!error.message.includes(value));
      return true;
    });
  });
  assert.ok(key);
});

test("without a folder of secrets, the environment stays as it is", async () => {
  const environment = { CLICKSTREAM_WEB_DB_URL: "postgresql://shop:secret@127.0.0.1/clickstream_web" };
  await loadSecrets(environment);
  assert.deepEqual(environment, { CLICKSTREAM_WEB_DB_URL: "postgresql://shop:secret@127.0.0.1/clickstream_web" });
});
