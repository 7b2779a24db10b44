import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import { CONTRACT, problemsOf } from "./contract.mjs";

for (const kind of ["good", "bad"]) {
  for (const name of readdirSync(CONTRACT + kind)) {
    test(`${kind}/${name}`, () => {
      const { event } = JSON.parse(readFileSync(`${CONTRACT}${kind}/${name}`, "utf8"));
      const problems = problemsOf(event);
      if (kind === "good") assert.equal(problems, "");
      else assert.notEqual(problems, "");
    });
  }
}
