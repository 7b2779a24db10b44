// The real shop and the real sign-in provider as processes, for tests by HTTP. `npm run build` must have run.

import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const shopFolder = fileURLToPath(new URL("..", import.meta.url));
const serverFile = join(shopFolder, ".next/standalone/server.js");
const START_MS = 30_000;

/** Return a port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

class Running {
  private output = "";

  constructor(
    readonly origin: string,
    private readonly process: ChildProcess,
  ) {
    for (const stream of [process.stdout, process.stderr]) stream?.on("data", (part) => (this.output += part));
  }

  /** What the process has written. */
  get log(): string {
    return this.output;
  }

  async ready(path: string): Promise<this> {
    for (const end = Date.now() + START_MS; Date.now() < end; ) {
      if (this.process.exitCode !== null) break;
      const answer = await fetch(this.origin + path).catch(() => null);
      if (answer?.ok) return this;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`${this.origin} did not start:\n${this.output}`);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((done) => this.process.once("exit", done));
    this.process.kill(signal);
    await ended;
  }
}

function start(origin: string, file: string, environment: Record<string, string>): Running {
  const env = { PATH: process.env.PATH, ...environment } as unknown as NodeJS.ProcessEnv;
  return new Running(origin, spawn(process.execPath, [file], { env, stdio: ["ignore", "pipe", "pipe"] }));
}

export interface Servers {
  shop: Running;
  provider: Running;
  providerFolder: string;
  /** Stop the provider, and start it again with the same users and sessions. */
  stopProvider(): Promise<void>;
  startProvider(): Promise<void>;
  stop(): Promise<void>;
}

/** Start the shop and the provider. settings: more environment variables of both; an empty one is as if it were missing. */
export async function startServers(databaseUrl: string, settings: Record<string, string> = {}): Promise<Servers> {
  if (!existsSync(serverFile)) throw new Error("the shop is not built: run `npm run build`");
  const [shopPort, providerPort] = [await freePort(), await freePort()];
  const shopOrigin = `http://localhost:${shopPort}`;
  const issuer = `http://localhost:${providerPort}`;
  const client = {
    AUTH_CLIENT_ID: "shop",
    AUTH_CLIENT_SECRET: randomBytes(24).toString("base64url"),
    SHOP_ORIGIN: shopOrigin,
    ...settings,
  };
  const providerFolder = mkdtempSync(join(tmpdir(), "shop-provider-"));
  const providerSettings = { ...client, PROVIDER_PORT: String(providerPort), PROVIDER_DATA: providerFolder };
  const startProvider = () => start(issuer, join(shopFolder, "provider/server.mjs"), providerSettings).ready("/health");
  const shop = start(shopOrigin, serverFile, {
    ...client,
    PORT: String(shopPort),
    HOSTNAME: "127.0.0.1",
    CLICKSTREAM_WEB_DB_URL: databaseUrl,
    SHOP_SECRET: randomBytes(32).toString("base64"),
    AUTH_ISSUER: issuer,
    CLICKSTREAM_COLLECTOR_URL: "http://127.0.0.1:9", // no collector listens there: the shop works without one
  });
  const servers: Servers = {
    shop,
    provider: await startProvider(),
    providerFolder,
    stopProvider: () => servers.provider.stop(),
    async startProvider() {
      servers.provider = await startProvider();
    },
    async stop() {
      await Promise.all([shop.stop(), servers.provider.stop()]);
      rmSync(providerFolder, { recursive: true });
    },
  };
  await shop.ready("/api/health");
  return servers;
}
