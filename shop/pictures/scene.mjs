// Where a product stands: a studio, a desk seen from the front, a desk seen from above.

import { at, circle, darker, ellipse, lighter, line, linear, mix, path, radial, rect } from "./paint.mjs";

export const [WIDTH, HEIGHT] = [800, 600];

export function picture(body, width = WIDTH, height = HEIGHT) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" stroke-linecap="round" stroke-linejoin="round" font-family="system-ui,sans-serif" font-weight="600">${body}</svg>\n`;
  return svg.replaceAll(" />", "/>").replaceAll(' rx="0"', "").replaceAll('"0.', '".');
}

/** A soft shadow on the floor. */
export const shadow = (x, y, rx, ry, opacity = 0.3) => ellipse(x, y, rx, ry, "url(#sh)", `opacity="${opacity}"`);

export const shadowPaint = radial("sh", [
  ["#0b0d12", 1],
  ["#0b0d12", 0.55],
  ["#0b0d12", 0],
]);

/** A plain backdrop in a pale tint of the brand. */
export function studio(tint, body) {
  const [top, bottom] = [lighter(tint, 0.95), lighter(tint, 0.84)];
  return picture(
    `<defs>${linear("bg", [top, bottom])}${radial("gl", [
      ["#fff", 0.95],
      ["#fff", 0],
    ])}${shadowPaint}</defs>` +
      rect(0, 0, WIDTH, HEIGHT, 0, "url(#bg)") +
      ellipse(400, 260, 430, 300, "url(#gl)") +
      body,
  );
}

/** A desk by a wall, with a plant and a cup. `body` stands on the desk around y = 490. */
export function desk(tint, body, { mirrored = false, lamp = false } = {}) {
  const wall = mix(lighter(tint, 0.82), "#efeae4", 0.45);
  const things = lamp
    ? plant(90, 470) + deskLamp(690, 470, tint)
    : plant(96, 470) + shelf(590, 120, tint) + cup(706, 492, tint);
  return picture(
    `<defs>${linear("w", [lighter(wall, 0.35), wall])}${linear("d", ["#d9b48a", "#b98a5b"])}${linear(
      "li",
      [
        ["#fff", 0.75],
        ["#fff", 0],
      ],
      "0 0 1 1",
    )}${shadowPaint}</defs>` +
      rect(0, 0, WIDTH, HEIGHT, 0, "url(#w)") +
      path("M60 0H300L470 440H190ZM340 0H420L590 440H510Z", "url(#li)") +
      rect(0, 440, WIDTH, 160, 0, "url(#d)") +
      rect(0, 440, WIDTH, 5, 0, "#e9cba6") +
      line("M0 486H800M0 540H800", "#8b5e34", 1, 'opacity=".25"') +
      (mirrored ? `<g transform="matrix(-1 0 0 1 800 0)">${things}</g>` : things) +
      body,
  );
}

export function plant(x, y) {
  const leaf = path("M0 0C-22-40-20-90 0-128 20-90 22-40 0 0", "#3b7552", 'id="lf"');
  const leaves = [at(0, -70, leaf, 1, -62)].concat(
    [-36, -12, 14, 40, 64].map(
      (turn, i) => `<use href="#lf" transform="translate(0 -70) rotate(${turn})"${i % 2 ? "" : ' opacity=".85"'}/>`,
    ),
  );
  return at(
    x,
    y,
    shadow(0, 4, 70, 12) +
      leaves.join("") +
      path("M-40-76H40L30 2H-30Z", "#e8e2d9") +
      rect(-44, -84, 88, 16, 4, "#f6f1ea"),
  );
}

export function cup(x, y, tint) {
  const glaze = mix(tint, "#f8f5f0", 0.35);
  return at(
    x,
    y,
    shadow(0, 2, 52, 9) +
      line("M26-46C56-50 54-12 24-14", glaze, 8) +
      path("M-30-62H30L26-4Q24 2 16 2H-16Q-24 2-26-4Z", glaze) +
      ellipse(0, -62, 30, 6, darker(glaze, 0.35)),
  );
}

export function shelf(x, y, tint) {
  const books = [
    ["#cfc4b4", 26, 84],
    [tint, 20, 96],
    ["#8b98a8", 30, 76],
    ["#e9dfd0", 18, 90],
    [darker(tint, 0.4), 24, 82],
  ];
  let left = 14;
  const spines = books.map(([colour, width, height]) => {
    left += width + 2;
    return rect(left - width - 2, -height, width, height, 2, mix(colour, "#ffffff", 0.15));
  });
  return at(
    x,
    y,
    spines.join("") + rect(0, 0, 190, 10, 2, "#b98a5b") + rect(0, 10, 190, 8, 0, "#000", 'opacity=".07"'),
  );
}

function deskLamp(x, y, tint) {
  const metal = darker(tint, 0.55);
  return at(
    x,
    y,
    shadow(0, 6, 70, 12) +
      ellipse(0, 0, 46, 9, metal) +
      line("M0-4L34-150L-40-262", metal, 9) +
      circle(34, -150, 9, lighter(metal, 0.3)) +
      at(-40, -262, path("M-34-8Q0-54 34-8L50 34H-50Z", metal) + ellipse(0, 34, 50, 8, "#ffe9b8"), 1, 28),
  );
}

/** A desk seen from above, with a mat, a notebook and a cup. */
export function tabletop(tint, body, { mat = true } = {}) {
  const felt = mix(darker(tint, 0.55), "#3a3f47", 0.55);
  const grain = line("M0 70H800M0 190H800M0 330H800M0 470H800", "#8b5e34", 1.5, 'opacity=".28"');
  const notebook = at(
    640,
    60,
    rect(4, 6, 190, 130, 8, "#000", 'opacity=".18"') +
      rect(0, 0, 190, 130, 6, lighter(tint, 0.25)) +
      rect(0, 0, 24, 130, 6, darker(tint, 0.25)) +
      line("M60 128L150 20", "#22262d", 7),
    1,
    8,
  );
  const coffee = at(
    92,
    96,
    circle(5, 8, 60, "#000", 'opacity=".16"') +
      circle(0, 0, 58, "#f4f0ea") +
      line("M50 30L82 52", "#f4f0ea", 16) +
      circle(0, 0, 46, "#4a2c18") +
      circle(-8, -8, 30, "#6b4226", 'opacity=".6"'),
  );
  return picture(
    `<defs>${linear("wd", ["#dcb98f", "#c79a6a"], "0 0 1 1")}${shadowPaint}</defs>` +
      rect(0, 0, WIDTH, HEIGHT, 0, "url(#wd)") +
      grain +
      notebook +
      coffee +
      (mat
        ? rect(52, 186, 708, 366, 18, "#000", 'opacity=".2"') +
          rect(48, 178, 708, 366, 18, felt) +
          rect(56, 186, 692, 350, 12, "none", 'stroke="#fff" stroke-opacity=".14" stroke-dasharray="6 5"')
        : "") +
      body,
  );
}
