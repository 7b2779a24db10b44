// Laptops: open from the front, from the side, and at work on a desk.

import { at, box, circle, darker, group, lighter, linear, n, path, projection, rect } from "./paint.mjs";
import { desk, shadow, studio } from "./scene.mjs";
import { program, screenPaint, wallpaper } from "./screen.mjs";

const LID = { width: 500, height: 318 };

const paint = (look, id) =>
  `<defs>${linear("b", [lighter(look.body, 0.3), look.body, darker(look.body, 0.18)])}${linear("k", [darker(look.body, 0.08), lighter(look.body, 0.14)])}${screenPaint(look.tint, id)}</defs>`;

/** The lid with its screen, top left corner at the origin. */
function lid(look, content) {
  const { width, height } = LID;
  return (
    rect(0, 0, width, height, 16, darker(look.body, 0.25)) +
    rect(2, 2, width - 4, height - 4, 14, "#0d0f14") +
    at(11, 14, content(width - 22, height - 32)) +
    circle(width / 2, 8, 2.2, "#2c3340") +
    rect(width / 2 - 26, height - 13, 52, 4, 2, "#3a404b")
  );
}

/** Rows of keys on a plane that widens towards the viewer; `corner` maps (u, v) of the unit square to a point. */
function keys(corner, fill) {
  const rows = [0, 1, 2, 3, 4].map((row) => {
    const [[left, top], [right], [, bottom]] = [
      corner(0.07, 0.08 + row * 0.105),
      corner(0.93, 0.08 + row * 0.105),
      corner(0.07, 0.158 + row * 0.105),
    ];
    const step = (right - left) / 14;
    const [key, gap] = [step * 0.86, step * 0.14];
    const dashes =
      row < 4
        ? [key, gap]
        : [
            key,
            gap,
            key,
            gap,
            key,
            gap,
            key,
            gap,
            step * 4 + key,
            gap,
            key,
            gap,
            key,
            gap,
            key,
            gap,
            key,
            gap,
            key,
            gap,
          ];
    return `<path d="M${n(left)} ${n((top + bottom) / 2)}H${n(right)}" stroke-width="${n(bottom - top)}" stroke-dasharray="${dashes.map(n).join(" ")}"/>`;
  });
  return `<g fill="none" stroke="${fill}" stroke-linecap="butt">${rows.join("")}</g>`;
}

function cell(corner, u, v, width, height) {
  const points = [
    [u, v],
    [u + width, v],
    [u + width, v + height],
    [u, v + height],
  ].map(([a, b]) => corner(a, b).map(Math.round));
  const moves = points.slice(1).map(([x, y], i) => `${x - points[i][0]} ${y - points[i][1]}`);
  return `M${points[0].join(" ")}l${moves.join(" ")}z`.replaceAll(" -", "-");
}

function front(look, content) {
  const corner = (u, v) => [400 + (u - 0.5) * (500 + 116 * v), 420 + 86 * v];
  const [pad, glow] = [cell(corner, 0.34, 0.64, 0.32, 0.3), look.glow ?? darker(look.body, look.dark ? 0.62 : 0.72)];
  return (
    at(150, 100, lid(look, content)) +
    path("M152 414H648L708 506H92Z", "url(#k)") +
    rect(176, 412, 448, 8, 3, darker(look.body, 0.45)) +
    keys(corner, glow) +
    path(pad, lighter(look.body, 0.1), `stroke="${darker(look.body, 0.2)}" stroke-width="1"`) +
    path("M92 506H708Q708 522 690 522H110Q92 522 92 506Z", "url(#b)") +
    path("M350 506H450Q448 513 438 513H362Q352 513 350 506Z", darker(look.body, 0.3))
  );
}

function angled(look, id) {
  const view = projection(-34, 32);
  const [width, depth] = [LID.width, 330];
  const flat = (u, v) => [u * width, v * depth];
  const top =
    keys(flat, look.glow ?? darker(look.body, look.dark ? 0.62 : 0.72)) +
    path(cell(flat, 0.33, 0.64, 0.34, 0.3), lighter(look.body, 0.1), `stroke="${darker(look.body, 0.2)}"`);
  const ports = rect(24, 5, 22, 5, 2, "#14171c") + rect(56, 5, 22, 5, 2, "#14171c") + circle(96, 7.5, 3, "#14171c");
  const base = box(
    view,
    { width, depth, height: 15, radius: 18 },
    { top: look.body, edge: darker(look.body, 0.2), topArt: top },
  );
  const leaned = view.front(-width / 2, 15 + LID.height * 0.97, -depth / 2 - 46, 0.16);
  const side = view.side(-width / 2, 15, depth / 2);
  return at(
    405,
    412,
    shadow(20, 66, 380, 110, 0.34) +
      group(
        leaned,
        lid(look, (w, h) => wallpaper(w, h, id)),
      ) +
      base +
      group(side, ports),
    0.8,
  );
}

export function laptop(look, id) {
  const scale = Math.min(1.04, 0.55 + look.inches * 0.03);
  const stand = (y, body) => at(400 - 400 * scale, y - 522 * scale, body, scale);
  const work = (w, h) => program(look.program, w, h, id, look.tint);
  return [
    studio(
      look.tint,
      paint(look, id) +
        shadow(400, 540, 370 * scale, 26, 0.4) +
        stand(
          544,
          front(look, (w, h) => wallpaper(w, h, id)),
        ),
    ),
    studio(look.tint, paint(look, id) + angled(look, id)),
    desk(
      look.tint,
      paint(look, id) +
        shadow(400, 548, 330 * scale, 18, 0.5) +
        at(400 - 400 * scale * 0.86, 550 - 522 * scale * 0.86, front(look, work), scale * 0.86),
      { lamp: look.lamp },
    ),
  ];
}

/** A small laptop from the front, for scenes of other products; its base stands on the origin. */
export function smallLaptop(look, id) {
  return at(
    -400 * 0.5,
    -522 * 0.5,
    front({ ...look, glow: undefined }, (w, h) => wallpaper(w, h, id)),
    0.5,
  );
}

/** An open laptop from the front; its base ends at (400, 522). */
export const openLaptop = (look, id) => paint(look, id) + front(look, (w, h) => wallpaper(w, h, id));

export { paint as laptopPaint };
