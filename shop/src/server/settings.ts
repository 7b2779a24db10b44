// The settings of the shop's server, read from the environment once. All problems are reported together.

import "server-only";

export interface Settings {
  databaseUrl: string;
  origin: string;
  secret: Uint8Array;
  issuer: string;
  clientId: string;
  clientSecret: string | null;
  scope: string;
  collectorUrl: string;
  assetsUrl: string;
}

type Environment = Record<string, string | undefined>;

/** Read the settings. Throws an error that lists every missing or invalid one; secrets are not repeated in it. */
export function readSettings(environment: Environment): Settings {
  const problems: string[] = [];
  const reader = new Reader(environment, problems);
  const settings = {
    databaseUrl: reader.url("CLICKSTREAM_WEB_DB_URL", ["postgres:", "postgresql:"]),
    origin: reader.origin("SHOP_ORIGIN"),
    secret: reader.secret("SHOP_SECRET"),
    issuer: reader.secureUrl("AUTH_ISSUER"),
    clientId: reader.text("AUTH_CLIENT_ID"),
    clientSecret: environment.AUTH_CLIENT_SECRET || null,
    scope: environment.AUTH_SCOPE || "openid email profile",
    collectorUrl: reader.collector("CLICKSTREAM_COLLECTOR_URL"),
    assetsUrl: environment.ASSETS_URL ? reader.url("ASSETS_URL", ["https:", "http:"]).replace(/\/+$/, "") : "",
  };
  if (!settings.scope.split(" ").includes("openid")) problems.push("AUTH_SCOPE: expected a list that contains openid");
  if (problems.length) throw new Error(`invalid settings of the shop:\n${problems.map((line) => `  ${line}`).join("\n")}`);
  return settings;
}

const shared = globalThis as { shopSettings?: Settings };

/** Return the settings of this process. */
export function settings(): Settings {
  return (shared.shopSettings ??= readSettings(process.env));
}

/** Return whether a host name means this machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "127.0.0.1" || hostname === "[::1]";
}

class Reader {
  constructor(
    private readonly environment: Environment,
    private readonly problems: string[],
  ) {}

  text(name: string): string {
    const value = this.environment[name] ?? "";
    if (!value) this.problems.push(`${name}: missing`);
    return value;
  }

  url(name: string, protocols: string[]): string {
    const value = this.text(name);
    if (value && !protocols.includes(URL.parse(value)?.protocol ?? "")) {
      this.problems.push(`${name}: expected a URL that begins with ${protocols.map((each) => `${each}//`).join(" or ")}`);
    }
    return value;
  }

  /** An https URL; http only on this machine. */
  secureUrl(name: string): string {
    const value = this.url(name, ["https:", "http:"]);
    const url = URL.parse(value);
    if (url?.protocol === "http:" && !isLoopback(url.hostname)) {
      this.problems.push(`${name}: expected https (http is allowed on localhost only)`);
    }
    return value;
  }

  origin(name: string): string {
    const value = this.secureUrl(name);
    const url = URL.parse(value);
    if (url && url.origin !== value) this.problems.push(`${name}: expected an origin such as https://shop.example`);
    return value;
  }

  /** The collector's base URL; that of its endpoint (…/clickstream) is accepted too. */
  collector(name: string): string {
    return this.url(name, ["https:", "http:"]).replace(/\/+$/, "").replace(/\/clickstream$/, "");
  }

  secret(name: string): Uint8Array {
    const bytes = Buffer.from(this.text(name), "base64");
    if (this.environment[name] && bytes.length < 32) {
      this.problems.push(`${name}: expected at least 32 random bytes in base64`);
    }
    return bytes;
  }
}
