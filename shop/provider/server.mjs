// A local OpenID Connect provider for the shop: development and tests only. In production the shop signs in with a
// provider such as Amazon Cognito, by the same code.
//
// Start: `node server.mjs`. It listens on loopback, and keeps users, keys and sessions in the folder PROVIDER_DATA.

import { createServer } from "node:http";
import Provider from "oidc-provider";
import { configurationOf } from "./configuration.mjs";
import { createForms } from "./forms.mjs";
import { openKeys } from "./keys.mjs";
import { sendPage, sendStyle } from "./pages.mjs";
import { openRecords } from "./records.mjs";
import { readSettings } from "./settings.mjs";
import { openUsers } from "./users.mjs";

const settings = readSettings(process.env);
const users = openUsers(settings.data);
const records = openRecords(settings.data);
const provider = new Provider(settings.issuer, configurationOf({ settings, users, records, keys: await openKeys(settings.data) }));
const forms = createForms({ provider, settings, users, records });
const answerAsProvider = provider.callback();

async function answer(request, response) {
  const path = new URL(request.url, settings.issuer).pathname;
  if (path === "/health") return response.setHeader("Content-Type", "application/json").end('{"ok":true}');
  if (path === "/favicon.ico") return response.writeHead(204).end();
  if (path === "/style.css") return sendStyle(response);
  if (path.startsWith("/interaction/")) return forms(request, response, path);
  return answerAsProvider(request, response);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(`${request.method} ${request.url.split("?")[0]}: ${error.message}`);
    if (response.headersSent) return response.end();
    sendPage(response, { title: "Something went wrong", body: "<p>Go back to the shop and try again.</p>" }, 500);
  });
});

server.on("error", (error) => {
  console.error(`sign-in provider: cannot listen on port ${settings.port}: ${error.message}`);
  process.exit(1);
});
server.listen(settings.port, "127.0.0.1", () => console.log(`sign-in provider: ${settings.issuer}`));

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    records.save();
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
