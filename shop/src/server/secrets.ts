// The secrets of the shop's server on AWS: password, client certificate and key of its database, and the secret that
// seals its cookies. They are parameters in Systems Manager, which only the server's role may read, and are fetched once,
// when the server starts. Nothing is fetched unless CLICKSTREAM_WEB_SECRETS names their folder.

import "server-only";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Environment = Record<string, string | undefined>;

const NAMES = ["password", "certificate", "key", "secret", "ca"] as const;
type Secrets = Record<(typeof NAMES)[number], string>;

/** The parameter of a database URL that names each file. */
const FILES = { ca: "sslrootcert", certificate: "sslcert", key: "sslkey" } as const;

/** Fetch the secrets into the environment that the settings are read from. Throws an error without their values. */
export async function loadSecrets(environment: Environment): Promise<void> {
  const folder = environment.CLICKSTREAM_WEB_SECRETS;
  if (!folder) return;
  const secrets = await fetchSecrets(folder.replace(/\/+$/, ""));
  environment.SHOP_SECRET = secrets.secret;
  environment.CLICKSTREAM_WEB_DB_URL = databaseUrl(environment.CLICKSTREAM_WEB_DB_URL ?? "", secrets);
}

async function fetchSecrets(folder: string): Promise<Secrets> {
  const { GetParametersCommand, SSMClient } = await import("@aws-sdk/client-ssm");
  const client = new SSMClient({ maxAttempts: 5 });
  const request = new GetParametersCommand({ Names: NAMES.map((name) => `${folder}/${name}`), WithDecryption: true });
  try {
    const found = await client.send(request);
    if (found.InvalidParameters?.length) throw new Error(`missing: ${found.InvalidParameters.join(", ")}`);
    const values = (found.Parameters ?? []).map(({ Name, Value }) => [Name?.slice(folder.length + 1), Value]);
    return Object.fromEntries(values) as Secrets;
  } catch (problem) {
    throw new Error(`the secrets of the shop below ${folder} cannot be read: ${(problem as Error).message}`);
  } finally {
    client.destroy();
  }
}

/** Return the URL with the password, and with the paths of the certificates, which are written for this process alone. */
function databaseUrl(text: string, secrets: Secrets): string {
  if (!URL.canParse(text)) return text; // the settings report it
  const url = new URL(text);
  const folder = mkdtempSync(join(tmpdir(), "shop-")); // mode 0700
  url.password = encodeURIComponent(secrets.password);
  for (const [name, parameter] of Object.entries(FILES)) {
    const path = join(folder, `${name}.pem`);
    writeFileSync(path, secrets[name as keyof typeof FILES], { mode: 0o600 });
    url.searchParams.set(parameter, path);
  }
  return url.href;
}
