// The provider's settings, from the environment. All problems are reported at once.

import { chmodSync, mkdirSync } from "node:fs";

const DAY_S = 86_400;

export function readSettings(environment) {
  const problems = [];
  const required = (name) => environment[name] || (problems.push(`${name}: missing`), "");
  const seconds = (name, standard) => {
    const value = Number(environment[name] || standard);
    if (!(Number.isInteger(value) && value > 0)) problems.push(`${name}: expected a whole number of seconds`);
    return value;
  };
  const port = Number(environment.PROVIDER_PORT || 9000);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) problems.push("PROVIDER_PORT: expected a port");
  const settings = {
    port,
    issuer: environment.PROVIDER_ISSUER || `http://localhost:${port}`,
    shopOrigin: required("SHOP_ORIGIN"),
    data: required("PROVIDER_DATA"),
    clientId: required("AUTH_CLIENT_ID"),
    clientSecret: environment.AUTH_CLIENT_SECRET || null,
    accessTtl_s: seconds("PROVIDER_ACCESS_TTL_S", 600),
    refreshTtl_s: seconds("PROVIDER_REFRESH_TTL_S", 14 * DAY_S),
    sessionTtl_s: 14 * DAY_S,
  };
  for (const name of ["issuer", "shopOrigin"]) {
    if (settings[name] && !URL.canParse(settings[name])) problems.push(`${name === "issuer" ? "PROVIDER_ISSUER" : "SHOP_ORIGIN"}: expected a URL`);
  }
  if (problems.length) {
    console.error(`invalid settings of the sign-in provider:\n${problems.map((line) => `  ${line}`).join("\n")}`);
    process.exit(2);
  }
  mkdirSync(settings.data, { recursive: true, mode: 0o700 });
  chmodSync(settings.data, 0o700);
  return settings;
}
