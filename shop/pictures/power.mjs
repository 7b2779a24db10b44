// Box-shaped accessories: docks, hubs, chargers, power banks, drives; and cables.

import { at, box, circle, darker, lighter, line, linear, projection, rect, word } from "./paint.mjs";
import { desk, shadow, studio, tabletop } from "./scene.mjs";
import { laptopPaint, smallLaptop } from "./laptop.mjs";

const hole = "#12151b";
const usbC = (x, y) => rect(x, y, 26, 11, 5.5, hole, 'stroke="#fff" stroke-opacity=".25"');
const usbA = (x, y) => rect(x, y - 2, 34, 15, 2, hole) + rect(x + 4, y + 5, 26, 5, 1, "#3b82f6");
const network = (x, y) => rect(x, y - 8, 34, 28, 3, hole) + rect(x + 8, y - 12, 18, 8, 2, hole);
const jack = (x, y) => circle(x, y + 6, 8, hole);
const card = (x, y) => rect(x, y + 2, 60, 7, 2, hole);
const socket = { usbC, usbA, network, jack, card };

/** Size, ports and marks of each form. */
const FORMS = {
  dock: {
    size: { width: 420, depth: 190, height: 74, radius: 22 },
    ports: [
      ["usbC", 34],
      ["usbC", 78],
      ["usbA", 126],
      ["usbA", 176],
      ["card", 236],
      ["jack", 330],
    ],
    back: [
      ["usbC", 30],
      ["usbC", 72],
      ["usbA", 116],
      ["usbA", 164],
      ["network", 216],
      ["network", 266],
      ["usbC", 330],
      ["jack", 388],
    ],
    top: (look) =>
      word(28, 168, 17, lighter(look.body, 0.45), look.maker, 'letter-spacing="3"') + circle(388, 26, 5, look.accent),
    zoom: 1.25,
  },
  hub: {
    size: { width: 380, depth: 110, height: 40, radius: 16 },
    ports: [
      ["usbA", 26],
      ["usbA", 76],
      ["usbC", 130],
      ["card", 180],
      ["usbC", 262],
      ["usbC", 306],
    ],
    top: (look) => word(26, 64, 18, darker(look.body, 0.5), look.maker, 'letter-spacing="3"'),
    tail: true,
    zoom: 1.3,
  },
  charger: {
    size: { width: 170, depth: 80, height: 180, radius: 22 },
    ports: [
      ["usbC", 72],
      ["usbC", 72, 34],
      ["usbC", 72, 68],
      ["usbA", 68, 102],
    ],
    top: () => "",
    zoom: 1.5,
  },
  bank: {
    size: { width: 190, depth: 330, height: 56, radius: 26 },
    ports: [
      ["usbC", 40],
      ["usbC", 82],
      ["usbA", 124],
    ],
    top: (look) =>
      rect(46, 36, 98, 46, 8, "#0c0f14") +
      word(95, 68, 24, lighter(look.accent, 0.5), "86 %", 'text-anchor="middle"') +
      word(95, 300, 17, lighter(look.body, 0.4), look.maker, 'text-anchor="middle" letter-spacing="3"'),
    zoom: 1.25,
  },
  drive: {
    size: { width: 200, depth: 300, height: 34, radius: 30 },
    ports: [["usbC", 87]],
    top: (look) =>
      rect(16, 16, 168, 268, 22, "none", `stroke="${look.accent}" stroke-width="4"`) +
      circle(100, 120, 32, darker(look.body, 0.3), `stroke="${lighter(look.body, 0.3)}" stroke-width="2"`) +
      line("M86 128Q100 98 114 128M92 134Q100 112 108 134", lighter(look.body, 0.5), 3) +
      word(100, 250, 22, lighter(look.body, 0.55), look.label, 'text-anchor="middle"'),
    zoom: 1.35,
  },
};

function drawing(view, form, look, ports) {
  const spread = ports.map(([kind, x, y = 0]) => [kind, x, y]);
  const art = spread
    .map(([kind, x, y]) => socket[kind](x, (form.size.height > 100 ? 30 : form.size.height / 2 - 6) + y))
    .join("");
  return box(view, form.size, { top: look.body, edge: darker(look.body, 0.16), topArt: form.top(look), frontArt: art });
}

export function powered(look, id) {
  const form = FORMS[look.form];
  const [near, far] = [projection(-24, 28), projection(32, 44)];
  const rise = form.size.height * 0.45;
  const tail = form.tail ? line("M210 290Q90 250 70 160T-40 60", darker(look.body, 0.55), 15) : "";
  const ground = shadow(410, 330, 330, 130, 0.34);
  const small = { width: form.size.width, scale: look.form === "charger" ? 0.42 : 0.5 };
  const mate = { body: "#b9bec6", tint: look.tint, inches: 14 };
  return [
    studio(look.tint, ground + tail + at(400, 300 + rise, drawing(near, form, look, form.ports), form.zoom)),
    studio(look.tint, ground + at(400, 310 + rise, drawing(far, form, look, form.back ?? form.ports), form.zoom)),
    desk(
      look.tint,
      laptopPaint(mate, id) +
        shadow(330, 508, 190, 14, 0.5) +
        at(330, 512, smallLaptop(mate, id)) +
        line("M470 494Q520 500 548 496", "#2a2e36", 5) +
        shadow(594, 524, small.width * 0.32, 16, 0.45) +
        at(594, 522 - form.size.height * 0.04, drawing(projection(-18, 24), form, look, form.ports), small.scale),
    ),
  ];
}

/** A braided cable, coiled. */
export function cable(look) {
  const braid = (d, width) =>
    line(d, darker(look.body, 0.35), width) +
    line(d, look.body, width - 5) +
    line(d, lighter(look.body, 0.35), width - 8, 'stroke-dasharray="2 9" opacity=".8"');
  const plug = (x, y, turn, scale = 1) =>
    at(
      x,
      y,
      rect(-21, 0, 42, 92, 12, "url(#pl)") +
        rect(-13, 92, 26, 34, 6, "url(#tip)") +
        word(0, 44, 13, lighter(look.body, 0.6), "240 W", 'text-anchor="middle" transform="rotate(90 0 40)"'),
      scale,
      turn,
    );
  const defs = `<defs>${linear("pl", [lighter(look.body, 0.3), darker(look.body, 0.3)], "0 0 1 0")}${linear("tip", ["#8f959e", "#e4e7eb", "#8f959e"], "0 0 1 0")}</defs>`;
  const coil =
    "M300 470C150 430 150 200 330 170S650 220 640 340 440 500 320 420 250 260 370 230 560 270 560 350 450 440 400 420";
  return [
    studio(
      look.tint,
      defs +
        shadow(410, 360, 330, 220, 0.22) +
        braid(coil, 19) +
        braid("M300 470Q340 486 380 486", 19) +
        at(396, 420, rect(-16, -26, 32, 58, 6, look.accent), 1, 78) +
        plug(376, 486, -90, 0.95) +
        plug(402, 420, 104, 0.95),
    ),
    studio(
      look.tint,
      defs +
        shadow(400, 440, 330, 60, 0.3) +
        braid("M-20 360Q120 380 220 300", 34) +
        braid("M820 200Q700 180 600 260", 34) +
        plug(214, 304, -118, 1.9) +
        plug(604, 258, 62, 1.9),
    ),
    tabletop(
      look.tint,
      defs +
        braid("M150 420C260 300 380 480 470 380S600 260 690 330", 15) +
        plug(152, 418, 52, 0.75) +
        plug(686, 328, -52, 0.75),
    ),
  ];
}
