// Monitors: from the front, turned to the side, and on a desk.

import { at, box, darker, group, lighter, linear, path, projection, rect, word } from "./paint.mjs";
import { desk, shadow, studio } from "./scene.mjs";
import { program, screenPaint, wallpaper } from "./screen.mjs";

const paint = (look, id) =>
  `<defs>${linear("b", [lighter(look.body, 0.35), look.body, darker(look.body, 0.25)], "0 0 1 0")}${linear("f", [lighter(look.body, 0.2), darker(look.body, 0.15)])}${screenPaint(look.tint, id)}</defs>`;

/** The panel, top left corner at the origin. */
function panel(look, content) {
  const { width, height } = look;
  const edge = look.body === "#f4f5f7" ? darker(look.body, 0.16) : "#0c0e12";
  return (
    rect(0, 0, width, height, 9, edge) +
    at(7, 7, content(width - 14, height - 24)) +
    word(width / 2, height - 5.5, 8.5, "#8d95a3", look.maker, 'text-anchor="middle" letter-spacing="1.5"')
  );
}

/** The stand, whose foot stands on the origin. */
function stand(look, neck) {
  if (look.portable) return path("M-120 0L-96-26H96L120 0Z", darker(look.body, 0.2));
  const foot =
    look.foot === "v"
      ? path("M0-18L-130 4Q-136 10-124 10L0-4 124 10Q136 10 130 4Z", "url(#f)")
      : rect(-104, -8, 208, 14, 7, "url(#f)");
  return rect(-19, -neck, 38, neck, 4, "url(#b)") + foot;
}

function front(look, content) {
  const neck = look.portable ? 0 : 120;
  const top = -(look.height + (look.portable ? 8 : 66));
  return stand(look, neck) + at(-look.width / 2, top, panel(look, content));
}

function angled(look, id) {
  const view = projection(30, 14);
  const { width, height } = look;
  const lift = look.portable ? 8 : 74;
  const front = view.front(-width / 2, lift + height, 14);
  const slab = [];
  for (let z = -12; z <= 12; z += 3)
    slab.push(
      group(
        view.front(-width / 2, lift + height, z),
        rect(0, 0, width, height, 9, darker(look.body, z < 6 ? 0.28 : 0.1)),
      ),
    );
  const foot = box(
    view,
    { width: 210, depth: 150, height: 8, radius: look.foot === "v" ? 70 : 18 },
    { top: look.body, edge: darker(look.body, 0.3) },
  );
  const neck = look.portable ? "" : foot + group(view.front(-20, 130, -26), rect(0, 0, 40, 126, 4, "url(#b)"));
  return (
    shadow(0, 14, width * 0.5, 46, 0.34) +
    neck +
    slab.join("") +
    group(
      front,
      panel(look, (w, h) => wallpaper(w, h, id)),
    )
  );
}

export function monitor(look, id) {
  const scale = Math.min(1, 700 / look.width, 430 / (look.height + 66));
  const work = (w, h) => program(look.program, w, h, id, look.tint);
  const onDesk = Math.min(0.86, 560 / look.width);
  const keyboard =
    path("M300 556H500L516 580H284Z", "#e9ebee") +
    path("M306 560H494L498 566H302ZM300 569H500L504 575H296Z", "#cfd3d9");
  return [
    studio(
      look.tint,
      paint(look, id) +
        shadow(400, 533, 200, 20, 0.4) +
        at(
          400,
          528,
          front(look, (w, h) => wallpaper(w, h, id)),
          scale,
        ),
    ),
    studio(look.tint, paint(look, id) + at(400, 500, angled(look, id), scale * 0.98)),
    desk(
      look.tint,
      paint(look, id) + shadow(400, 500, 180, 16, 0.45) + at(400, 498, front(look, work), onDesk) + keyboard,
      { mirrored: look.mirrored },
    ),
  ];
}

/** A monitor at work from the front; its foot stands on the origin. */
export const workingMonitor = (look, id) =>
  paint(look, id) + front(look, (w, h) => program(look.program, w, h, id, look.tint));
