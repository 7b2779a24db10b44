// Builds the tracker into dist/: ES and CommonJS modules, their types, and the two scripts for script tags.
// Fails when a type is wrong, or when clickstream.js is larger than MAX_GZIP_BYTES. `make tracker` then copies the
// scripts into the Python package, where they are committed: running the collector needs no Node.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const MAX_GZIP_BYTES = 3_300; // as the collector compresses it; `gzip -9` also stores the file name, 15 bytes more
const HERE = fileURLToPath(new URL(".", import.meta.url));

const shared = { bundle: true, target: "es2020", absWorkingDir: HERE, outdir: "dist", logLevel: "warning" };
const loose = { compilerOptions: { strict: false } }; // leaves "use strict" out of the scripts
const scripts = { ...shared, tsconfigRaw: loose, minify: true, format: "iife" };
const modules = { ...shared, entryPoints: ["src/index.ts", "src/extra.ts"] };
await Promise.all([
  build({ ...modules, format: "esm" }),
  build({ ...modules, format: "cjs", outExtension: { ".js": ".cjs" } }),
  build({
    ...scripts,
    entryPoints: [
      { in: "src/script.ts", out: "clickstream" },
      { in: "src/extra-script.ts", out: "clickstream.extra" },
    ],
  }),
]);

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const { status } = spawnSync(process.execPath, [tsc, "-p", HERE], { stdio: "inherit" });
if (status !== 0) process.exit(1);
for (const name of ["index", "extra", "types"]) {
  // package.json declares ES modules, so TypeScript reads a .d.ts as one; `require` needs a .d.cts.
  const types = readFileSync(`${HERE}dist/types/${name}.d.ts`, "utf8");
  writeFileSync(`${HERE}dist/types/${name}.d.cts`, types.replace(/(from "\.\/\w+)\.js"/g, '$1.cjs"'));
}

const bytes = gzipSync(readFileSync(`${HERE}dist/clickstream.js`), { level: 9 }).length;
console.log(`clickstream.js: ${bytes} bytes gzip (limit ${MAX_GZIP_BYTES})`);
if (bytes > MAX_GZIP_BYTES) {
  console.error("building the tracker: clickstream.js is over its limit; remove code, or move it to src/extra.ts");
  process.exit(1);
}
