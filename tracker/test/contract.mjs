// Validates events against contract/event.schema.json: `node contract.mjs FILE` reads one JSON event per line.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import Ajv from "ajv/dist/2020.js";

export const CONTRACT = fileURLToPath(new URL("../../contract/", import.meta.url));

const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(`${CONTRACT}event.schema.json`, "utf8")),
);

/** Return the problems of an event, or "" if it is valid. */
export function problemsOf(event) {
  return validate(event) ? "" : validate.errors.map(({ instancePath, message }) => `${instancePath} ${message}`).join("; ");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lines = readFileSync(process.argv[2], "utf8").trim().split("\n");
  const wrong = lines.map((line) => [problemsOf(JSON.parse(line)), line]).filter(([problems]) => problems);
  for (const [problems, line] of wrong) console.error(problems, line);
  process.exit(wrong.length ? 1 : 0);
}
