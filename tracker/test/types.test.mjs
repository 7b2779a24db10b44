// The types as seen by a project that has installed the package: through its exports, as ESM, CommonJS and in a bundler.
// @ts-expect-error fails if the next line has no error, and so if the types were not found and everything is `any`.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const CODE = `
import { start, type Tracker } from "clickstream-tracker";
import { shop } from "clickstream-tracker/extra";
const tracker: Tracker = start({ endpoint: "https://collect.example/clickstream" });
tracker.track("product_view", { product: { id: "1" } });
shop(tracker).homeView();
// @ts-expect-error
start({ endpoint: 5 });
// @ts-expect-error
tracker.track("product_view", { product: { id: 5 } });
// @ts-expect-error
shop(tracker).addToCart("1");
`;

for (const [module, resolution, ...files] of [
  ["node16", "node16", "esm.mts", "commonjs.cts"],
  ["esnext", "bundler", "bundle.ts"],
]) {
  test(`types work in ${files.join(" and ")} with moduleResolution ${resolution}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "clickstream-types-"));
    try {
      mkdirSync(join(folder, "node_modules"));
      symlinkSync(PACKAGE, join(folder, "node_modules/clickstream-tracker"), "dir");
      for (const file of files) writeFileSync(join(folder, file), CODE);
      const options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--lib", "es2022,dom"];
      const command = [TSC, ...options, "--module", module, "--moduleResolution", resolution, ...files];
      const { status, stdout } = spawnSync(process.execPath, command, { cwd: folder, encoding: "utf8" });
      assert.equal(status, 0, stdout);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
