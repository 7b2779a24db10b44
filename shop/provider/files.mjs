// JSON files that only their owner can read, replaced as a whole: a crash leaves the old file or the new one.

import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** Return the content of a file, or the given value if there is no such file. */
export function readJson(path, missing) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return missing;
    throw new Error(`reading ${path}: ${error.message}`);
  }
}

export function writeJson(path, value) {
  writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}
