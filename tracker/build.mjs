// Builds the tracker: modules and types into dist/, the scripts into the Python package, which serves them.
// Fails when a type is wrong, or when the script is larger than MAX_GZIP_BYTES: 3,072 however they are counted, since
// `gzip -9` of a file adds the name of the file, 15 bytes, to what `gzip -9n` and the collector make.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const MAX_GZIP_BYTES = 3_056;
const HERE = fileURLToPath(new URL(".", import.meta.url));
const SCRIPTS = `${HERE}../src/clickstream/collect/static/`;

const shared = { bundle: true, target: "es2020", absWorkingDir: HERE, logLevel: "warning" };
const sloppy = { compilerOptions: { strict: false } }; // spares the scripts "use strict"
const scripts = { ...shared, tsconfigRaw: sloppy, minify: true, format: "iife" };
const modules = { ...shared, entryPoints: ["src/index.ts", "src/extra.ts"], outdir: "dist" };
await Promise.all([
  build({ ...modules, format: "esm" }),
  build({ ...modules, format: "cjs", outExtension: { ".js": ".cjs" } }),
  build({ ...scripts, entryPoints: ["src/script.ts"], outfile: `${SCRIPTS}clickstream.js` }),
  build({ ...scripts, entryPoints: ["src/extra-script.ts"], outfile: `${SCRIPTS}clickstream.extra.js` }),
]);

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const { status } = spawnSync(process.execPath, [tsc, "-p", HERE], { stdio: "inherit" });
if (status !== 0) process.exit(1);
for (const name of ["index", "extra", "types"]) {
  // For `require`: TypeScript takes a .d.ts for a module of the kind that package.json says, which is ESM.
  const types = readFileSync(`${HERE}dist/types/${name}.d.ts`, "utf8");
  writeFileSync(`${HERE}dist/types/${name}.d.cts`, types.replace(/(from "\.\/\w+)\.js"/g, '$1.cjs"'));
}

const bytes = gzipSync(readFileSync(`${SCRIPTS}clickstream.js`), { level: 9 }).length;
console.log(`clickstream.js: ${bytes} bytes gzip (at most ${MAX_GZIP_BYTES})`);
if (bytes > MAX_GZIP_BYTES) {
  console.error("the script is too large: take something out, or move it into src/extra.ts");
  process.exit(1);
}
