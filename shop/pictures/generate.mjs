// Draw the pictures of every product: node pictures/generate.mjs (or npm run pictures).
// In: the catalogue and looks.mjs. Out: public/pictures/<product>-<n>.svg and hero.svg, the same bytes on every run.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { arm, lightBar, mat, microphone, riser, sleeve, speakers, tablet, webcam } from "./desk-things.mjs";
import { headphones } from "./headphones.mjs";
import { hero } from "./hero.mjs";
import { keyboard } from "./keyboard.mjs";
import { laptop } from "./laptop.mjs";
import { lookOf } from "./looks.mjs";
import { monitor } from "./monitor.mjs";
import { mouse, mouseAbove } from "./mouse.mjs";
import { linear, radial } from "./paint.mjs";
import { cable, powered } from "./power.mjs";

const MAX_BYTES = 8 * 1024;
const here = dirname(fileURLToPath(import.meta.url));
const catalogue = join(here, "../../src/clickstream/shop/catalogue.json");
const target = join(here, "../public/pictures");

const matchingMouse = `<defs>${radial("m", ["#8a93a1", "#4b5563", "#2f3743"], "0.38 0.3", 0.85)}${linear("r", [["#fff", 0.5], ["#fff", 0]])}</defs>${mouseAbove({ outline: "classic", body: "#4b5563", accent: "#7dd3fc" })}`;

const DRAWINGS = {
  laptop, monitor, mouse, headphones, powered, cable, riser, arm, webcam, lightBar, mat, sleeve, microphone, speakers, tablet,
  keyboard: (look, id) => keyboard(look, id, look.withMouse ? matchingMouse : ""),
};

const { products, brands } = JSON.parse(readFileSync(catalogue, "utf8"));
const names = new Map(brands.map((brand) => [brand.id, brand.name]));
mkdirSync(target, { recursive: true });
for (const old of readdirSync(target)) if (old.endsWith(".svg")) rmSync(join(target, old));

writeFileSync(join(target, "hero.svg"), hero());
let total = 0;
let largest = 0;
for (const product of products) {
  const look = lookOf(product, names.get(product.brand));
  const views = DRAWINGS[look.kind](look, product.id);
  if (views.length !== product.pictures) throw new Error(`${product.id}: ${views.length} drawings, the catalogue has ${product.pictures}`);
  views.forEach((svg, index) => {
    const size = Buffer.byteLength(svg);
    if (size > MAX_BYTES) throw new Error(`${product.id}-${index + 1}.svg has ${size} bytes, more than ${MAX_BYTES}`);
    writeFileSync(join(target, `${product.id}-${index + 1}.svg`), svg);
    total += size;
    largest = Math.max(largest, size);
  });
}
console.log(`${products.length} products, ${total} bytes, the largest picture has ${largest}`);
