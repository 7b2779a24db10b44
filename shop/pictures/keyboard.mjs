// Keyboards: at an angle, close up, and on a desk from above.

import { at, box, circle, darker, group, lighter, n, path, projection, rect } from "./paint.mjs";
import { shadow, studio, tabletop } from "./scene.mjs";

const UNIT = 34;
const MAIN = [
  { keys: "`1234567890-=", wide: [[13, 2]] },
  {
    keys: "QWERTYUIOP[]",
    wide: [
      [-1, 1.5],
      [12, 1.5],
    ],
  },
  {
    keys: "ASDFGHJKL;'",
    wide: [
      [-1, 1.75],
      [11, 2.25],
    ],
  },
  {
    keys: "ZXCVBNM,./",
    wide: [
      [-1, 2.25],
      [10, 2.75],
    ],
  },
];

/** Keys as [x, y, width, letter, isAccent] in key units. */
function layout(shape) {
  const found = [];
  const top = shape.functions ? 1.25 : 0;
  if (shape.functions) {
    for (let i = 0; i < 13; i += 1)
      found.push([i === 0 ? 0 : 1 + i + Math.floor((i - 1) / 4) * 0.5, 0, 1, "", i === 0]);
  }
  MAIN.forEach((row, index) => {
    let x = 0;
    const [lead, tail] = row.wide.length === 2 ? [row.wide[0][1], row.wide[1][1]] : [0, row.wide[0][1]];
    if (lead) found.push([0, top + index, lead, "", false]);
    x += lead;
    for (const letter of row.keys) found.push([x++, top + index, 1, letter, false]);
    found.push([x, top + index, tail, "", index === 2]);
  });
  const bottom = shape.split
    ? [1.25, 1.25, 1.25, 3, 3.25, 1.25, 1.25, 1.25, 1.25]
    : [1.25, 1.25, 1.25, 6.25, 1.25, 1.25, 1.25, 1.25];
  let x = 0;
  for (const width of bottom) {
    found.push([x, top + 4, width, "", false]);
    x += width;
  }
  const grid = (left, columns, rows, skip = () => false) => {
    for (let c = 0; c < columns; c += 1)
      for (let r = 0; r < rows; r += 1) if (!skip(c, r)) found.push([left + c, top + r, 1, "", false]);
  };
  if (shape.arrows === "cluster") grid(15.3, 3, 5, (c, r) => r === 2 || (r === 3 && c !== 1));
  if (shape.arrows === "column") grid(15.15, 1, 5);
  if (shape.numbers) grid(18.6, 4, 5);
  const right = shape.numbers ? 22.6 : shape.arrows === "cluster" ? 18.3 : shape.arrows === "column" ? 16.15 : 15;
  return { keys: found, width: right * UNIT, height: (top + 5) * UNIT };
}

/** The keys as seen from above, top left corner at the origin. `half` keeps the left or the right half. */
function keycaps(look, half) {
  const { keys, width, height } = layout(look.shape);
  const kept = keys.filter((key) => !half || (half === "left") === key[0] + key[2] / 2 < 6.9);
  const draw = (list) =>
    list
      .map(([x, y, w]) => `M${n(x * UNIT + 7)} ${n(y * UNIT + 6)}h${n(w * UNIT - 14)}v19h-${n(w * UNIT - 14)}z`)
      .join("");
  const coat = (name, list, colour) =>
    list.length
      ? `<defs><path id="${name}" d="${draw(list)}"/></defs>` +
        keyLayer(name, darker(colour, 0.25), 7, 0) +
        keyLayer(name, lighter(colour, 0.06), 2, -1.5)
      : "";
  const letters = MAIN.map((row) => {
    const found = kept.filter((key) => key[3] && row.keys.includes(key[3]));
    return `<text x="${found.map((key) => n(key[0] * UNIT + 10)).join(" ")}" y="${n(found[0][1] * UNIT + 18)}">${found.map((key) => key[3]).join("")}</text>`;
  });
  const glow = look.glow ? rect(-2, -2, width + 4, height + 4, 6, look.glow, 'opacity=".55"') : "";
  const accents = kept.filter((key) => key[4]);
  return {
    width,
    height,
    art:
      glow +
      coat(
        `k${half ?? ""}`,
        kept.filter((key) => !key[4]),
        look.keys,
      ) +
      coat(`a${half ?? ""}`, accents, look.accent) +
      `<g font-size="10" font-weight="400" fill="${look.legend}">${letters.join("")}</g>`,
  };
}

const keyLayer = (name, colour, stroke, y) =>
  `<use href="#${name}" y="${y}" fill="${colour}" stroke="${colour}" stroke-width="${stroke}"/>`;

const BORDER = 16;

/** The plate between the keys; on a light case a dark one would look like a hole. */
const plateOf = (look) => darker(look.body, parseInt(look.body.slice(1, 3), 16) > 150 ? 0.2 : 0.45);

function board(view, look) {
  const caps = keycaps(look);
  const size = {
    width: caps.width + BORDER * 2,
    depth: caps.height + BORDER * 2,
    height: look.flat ? 10 : 26,
    radius: 16,
  };
  const plate = rect(BORDER - 4, BORDER - 4, caps.width + 8, caps.height + 8, 8, plateOf(look));
  const knob = look.knob
    ? circle(
        size.width - 34,
        26,
        13,
        lighter(look.accent, 0.1),
        `stroke="${darker(look.accent, 0.4)}" stroke-width="3"`,
      )
    : "";
  return {
    size,
    svg: box(view, size, {
      top: look.body,
      edge: darker(look.body, 0.22),
      topArt: plate + at(BORDER, BORDER, caps.art) + knob,
    }),
  };
}

/** The keyboard from straight above, centred on the origin. */
export function flatBoard(look) {
  const caps = keycaps(look);
  const [width, height] = [caps.width + BORDER * 2, caps.height + BORDER * 2];
  return (
    rect(-width / 2 + 5, -height / 2 + 9, width, height, 16, "#000", 'opacity=".3"') +
    rect(-width / 2, -height / 2, width, height, 16, look.body) +
    rect(-width / 2 + BORDER - 4, -height / 2 + BORDER - 4, caps.width + 8, caps.height + 8, 8, plateOf(look)) +
    at(-caps.width / 2, -caps.height / 2, caps.art)
  );
}

/** Two halves, turned outwards. */
function split(view, look) {
  const half = (name, from, to, x, turn) => {
    const [width, height] = [(to - from) * UNIT + BORDER * 2, 5 * UNIT + BORDER * 2];
    const body =
      rect(0, 0, width, height, 18, look.body) +
      rect(BORDER - 4, BORDER - 4, width - BORDER * 2 + 8, height - BORDER * 2 + 8, 8, plateOf(look));
    const edge = rect(0, 9, width, height, 18, darker(look.body, 0.45));
    return group(
      `translate(${x} 0) rotate(${turn}) translate(${n(-width / 2)} ${n(-height / 2)})`,
      edge + body + at(BORDER - from * UNIT, BORDER, keycaps(look, name).art),
    );
  };
  return group(view.floor(0, 0, 0), half("left", 0, 7.25, -165, 9) + half("right", 6, 15, 185, -9));
}

export function keyboard(look, id, mouseArt) {
  const view = projection(-16, 48);
  const { size, svg } = board(view, look);
  const scale = Math.min(1.12, 690 / size.width);
  const close = projection(-24, 40);
  const whole = look.shape.split ? split(view, look) : svg;
  const near = look.shape.split ? split(close, look) : board(close, look).svg;
  const above = look.shape.split ? split(projection(0, 90), look) : flatBoard(look);
  const aboveScale = Math.min(1.05, (mouseArt ? 530 : 640) / size.width);
  return [
    studio(
      look.tint,
      shadow(400, 360, 400, 150, 0.3) + at(look.shape.split ? 380 : 400, 325, whole, look.shape.split ? 0.96 : scale),
    ),
    studio(look.tint, shadow(430, 400, 480, 260, 0.3) + at(look.shape.split ? 560 : 520, 330, near, scale * 1.75)),
    tabletop(
      look.tint,
      at(mouseArt ? 340 : 400, 365, above, aboveScale) + (mouseArt ? at(680, 380, mouseArt, 0.3, 8) : ""),
    ),
  ];
}
