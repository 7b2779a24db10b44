// The wide picture of the start page: a desk with some of the products. Its left third stays empty, for the text.

import { onStand } from "./headphones.mjs";
import { openLaptop } from "./laptop.mjs";
import { workingMonitor } from "./monitor.mjs";
import { at, linear, line, path, radial, rect } from "./paint.mjs";
import { cup, picture, plant, shadow, shadowPaint, shelf } from "./scene.mjs";

const TINT = "#4f46e5";

/** Give the names inside a drawing a prefix, so that several drawings fit into one picture. */
function apart(prefix, body) {
  return body
    .replace(/ id="/g, ` id="${prefix}`)
    .replace(/url\(#(?!sh\))/g, `url(#${prefix}`)
    .replace(/href="#/g, `href="#${prefix}`);
}

const keyboard =
  path("M930 566H1190L1212 596H908Z", "#f3f4f6") +
  line("M940 573H1180M935 580H1186M929 587H1192", "#c3c8d0", 4, 'stroke-dasharray="15 4"');
const mouse =
  path("M1262 574Q1284 566 1298 580T1290 596H1258Q1240 588 1262 574Z", "#f3f4f6") +
  line("M1270 574Q1264 580 1262 586", "#c3c8d0", 2);

export function hero() {
  const monitor = { tint: TINT, maker: "NIMBREL", width: 560, height: 330, body: "#2a2d33", program: "photo" };
  const laptop = { tint: TINT, inches: 14, body: "#c6cad1" };
  const headphones = { body: "#b9bec8", accent: TINT, pad: "#2f3238", metal: "#9aa0a8" };
  return picture(
    `<defs>${linear("w", ["#f6f4fb", "#e4e0f2"])}${linear("d", ["#d9b48a", "#b98a5b"])}${linear(
      "li",
      [
        ["#fff", 0.9],
        ["#fff", 0],
      ],
      "0 0 1 1",
    )}${radial("gl", [
      ["#fff", 0.8],
      ["#fff", 0],
    ])}${shadowPaint}</defs>` +
      rect(0, 0, 1600, 640, 0, "url(#w)") +
      path("M120 0H520L800 500H420ZM580 0H700L980 500H880Z", "url(#li)") +
      rect(0, 500, 1600, 140, 0, "url(#d)") +
      rect(0, 500, 1600, 5, 0, "#e9cba6") +
      line("M0 546H1600M0 596H1600", "#8b5e34", 1, 'opacity=".22"') +
      shelf(1330, 150, TINT) +
      apart("p", plant(672, 540)) +
      shadow(1050, 556, 190, 16, 0.45) +
      at(1050, 552, apart("m", workingMonitor(monitor, "hero")), 0.96) +
      shadow(1380, 574, 190, 16, 0.45) +
      at(1380 - 212, 576 - 277, apart("l", openLaptop(laptop, "orlune-solo")), 0.53) +
      keyboard +
      mouse +
      shadow(820, 588, 80, 12, 0.4) +
      at(820, 584, apart("h", onStand(headphones)), 0.52) +
      cup(1540, 590, TINT),
    1600,
    640,
  );
}
