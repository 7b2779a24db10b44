// The stored pictures are those that the generator draws for the catalogue.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

test("every product has the pictures that the generator draws", () => {
  const script = join(import.meta.dirname, "../pictures/generate.mjs");
  const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
});
