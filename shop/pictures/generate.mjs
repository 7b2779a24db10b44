// Draw the pictures of every product: node pictures/generate.mjs. With --check, only compare them with the stored ones.
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

const matchingMouse = `<defs>${radial("m", ["#8a93a1", "#4b5563", "#2f3743"], "0.38 0.3", 0.85)}${linear("r", [
  ["#fff", 0.5],
  ["#fff", 0],
])}</defs>${mouseAbove({ outline: "classic", body: "#4b5563", accent: "#7dd3fc" })}`;

const DRAWINGS = {
  laptop,
  monitor,
  mouse,
  headphones,
  powered,
  cable,
  riser,
  arm,
  webcam,
  lightBar,
  mat,
  sleeve,
  microphone,
  speakers,
  tablet,
  keyboard: (look, id) => keyboard(look, id, look.withMouse ? matchingMouse : ""),
};

const { products, brands } = JSON.parse(readFileSync(catalogue, "utf8"));
const names = new Map(brands.map((brand) => [brand.id, brand.name]));

/** Return the pictures as [file name, SVG]. */
function draw() {
  const ofProducts = products.flatMap((product) => {
    const look = lookOf(product, names.get(product.brand));
    const views = DRAWINGS[look.kind](look, product.id);
    if (views.length !== product.pictures)
      throw new Error(`${product.id}: ${views.length} drawings, the catalogue has ${product.pictures}`);
    return views.map((svg, index) => [`${product.id}-${index + 1}.svg`, svg]);
  });
  for (const [name, svg] of ofProducts) {
    if (svg.length > MAX_BYTES) throw new Error(`${name} has ${svg.length} bytes, more than ${MAX_BYTES}`);
  }
  return [...ofProducts, ["hero.svg", hero()]];
}

/** Return the names of pictures that differ from the stored ones, are missing, or belong to no product. */
function differences(pictures) {
  const stored = new Map(readdirSync(target).map((name) => [name, readFileSync(join(target, name), "utf8")]));
  const changed = pictures.filter(([name, svg]) => stored.get(name) !== svg).map(([name]) => name);
  const known = new Set(pictures.map(([name]) => name));
  return [...changed, ...[...stored.keys()].filter((name) => !known.has(name))];
}

mkdirSync(target, { recursive: true });
const pictures = draw();
const different = differences(pictures);
if (process.argv.includes("--check")) {
  if (different.length) {
    console.error(`run node pictures/generate.mjs: ${different.length} pictures differ, such as ${different[0]}`);
    process.exit(1);
  }
} else {
  for (const name of different) rmSync(join(target, name), { force: true });
  for (const [name, svg] of pictures) writeFileSync(join(target, name), svg);
  console.log(`${pictures.length} pictures, ${different.length} changed`);
}
