// Makes .amplify-hosting from the build: the layout that Amplify Hosting serves. Run it after `npm run build`.
//
// Amplify does not pass the environment of a branch to the server, so what the server needs is written into the bundle.
// Only the names below are: secrets are not among them, the server fetches those itself (src/server/secrets.ts).

import { cp, readFile, rm, writeFile } from "node:fs/promises";

const NAMES = [
  "CLICKSTREAM_WEB_DB_URL",
  "CLICKSTREAM_WEB_SECRETS",
  "CLICKSTREAM_COLLECTOR_URL",
  "SHOP_ORIGIN",
  "AUTH_ISSUER",
  "AUTH_CLIENT_ID",
  "AUTH_SCOPE",
  "ASSETS_URL",
];
const RUNTIME = "nodejs22.x";
// Amplify connects to port 3000 on loopback; HOSTNAME is the machine's name in many environments.
const START = 'Object.assign(process.env, { HOSTNAME: "0.0.0.0", PORT: "3000" });\nawait import("./server.js");\n';
const out = ".amplify-hosting";
const { dependencies } = JSON.parse(await readFile("package.json", "utf8"));

const url = process.env.CLICKSTREAM_WEB_DB_URL;
if (url && new URL(url).password) throw new Error("CLICKSTREAM_WEB_DB_URL has a password: remove it, the server fetches it");

await rm(out, { recursive: true, force: true });
await cp(".next/standalone", `${out}/compute/default`, { recursive: true });
await cp(".next/static", `${out}/static/_next/static`, { recursive: true });
const given = NAMES.filter((name) => process.env[name]);
await writeFile(`${out}/compute/default/.env.production`, given.map((name) => `${name}="${process.env[name]}"\n`).join(""));
await writeFile(`${out}/compute/default/start.mjs`, START);
const manifest = {
  version: 1,
  framework: { name: "next", version: dependencies.next },
  routes: [
    { path: "/_next/static/*", target: { kind: "Static", cacheControl: "public, max-age=31536000, immutable" } },
    { path: "/*", target: { kind: "Compute", src: "default" } },
  ],
  computeResources: [{ name: "default", runtime: RUNTIME, entrypoint: "start.mjs" }],
};
await writeFile(`${out}/deploy-manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
