// Headphones, headsets and earphones.

import { at, circle, darker, ellipse, lighter, line, linear, path, radial, rect } from "./paint.mjs";
import { desk, shadow, studio, tabletop } from "./scene.mjs";

const paint = (look) =>
  `<defs>${linear("c", [lighter(look.body, 0.35), look.body, darker(look.body, 0.35)], "0 0 1 1")}${radial("o", [lighter(look.body, 0.4), look.body, darker(look.body, 0.3)], "0.35 0.3", 0.8)}${linear("bd", [darker(look.body, 0.3), lighter(look.body, 0.3), darker(look.body, 0.3)], "0 0 1 0")}</defs>`;

/** Over or on-ear headphones from the front; the cups end at y = 0. */
function front(look) {
  const small = look.small ? 0.76 : 1;
  const cup = (side) =>
    at(
      168 * side,
      -110,
      line(`M${2 * side}-104V-20`, look.metal, 11) +
        rect(side > 0 ? -46 : 0, -92, 46, 184, 23, look.pad) +
        rect(side > 0 ? -46 : 40, -66, 6, 132, 3, darker(look.pad, 0.35)) +
        rect(side > 0 ? -8 : -42, -98, 50, 196, 25, "url(#c)") +
        rect(side > 0 ? 30 : -42, -60, 12, 120, 6, look.accent),
      small,
    );
  return (
    line("M-168-206C-172-330-96-384 0-384S172-330 168-206", "url(#bd)", 30) +
    line("M-128-318C-96-356-50-370 0-370S96-356 128-318", look.pad, 17) +
    line("M-168-222V-190M168-222V-190", look.metal, 14) +
    cup(-1) +
    cup(1) +
    (look.boom
      ? line("M-196-80C-200 30-150 56-84 52", darker(look.body, 0.5), 8) +
        rect(-98, 38, 50, 26, 13, darker(look.body, 0.65)) +
        circle(-62, 51, 4, look.accent)
      : "")
  );
}

/** One cup from the side, with the band above it. */
function side(look) {
  const grille = look.open
    ? `<pattern id="g" width="14" height="14" patternUnits="userSpaceOnUse"><circle cx="7" cy="7" r="3.6" fill="#0c0e12" opacity=".75"/></pattern>` +
      ellipse(0, 0, 96, 118, "url(#g)")
    : ellipse(0, 0, 92, 114, "none", `stroke="${lighter(look.body, 0.3)}" stroke-width="2.5"`) +
      circle(0, 0, 20, look.accent) +
      circle(0, 0, 9, lighter(look.accent, 0.55));
  return (
    path("M-26-130C-44-240-30-290-8-306Q8-314 24-300C44-278 46-220 28-130Z", "url(#bd)") +
    path("M-12-140C-24-220-16-262 2-280 12-262 18-220 14-140Z", look.metal) +
    ellipse(20, 6, 120, 146, look.pad) +
    ellipse(0, 0, 120, 146, "url(#o)", `stroke="${darker(look.body, 0.4)}" stroke-width="2"`) +
    grille +
    path("M-96-60C-80-108-30-134 20-126-40-116-74-84-90-34Z", "#fff", 'opacity=".28"') +
    (look.boom
      ? line("M-90 84Q-160 170-236 176", darker(look.body, 0.5), 11) +
        rect(-276, 160, 60, 32, 16, darker(look.body, 0.65)) +
        circle(-262, 176, 5, look.accent)
      : "")
  );
}

/** Headphones on their stand, which stands on the origin. */
export function onStand(look) {
  const stand =
    rect(-7, -372, 14, 372, 5, "#a9764a") +
    path("M-64-372Q0-400 64-372L56-362Q0-386-56-362Z", "#8b5e34") +
    ellipse(0, 0, 92, 13, "#8b5e34");
  return paint(look) + stand + at(0, -44, front(look), 0.9);
}

function overEar(look) {
  return [
    studio(look.tint, paint(look) + shadow(400, 530, 250, 22, 0.4) + at(400, look.boom ? 500 : 520, front(look), 1.16)),
    studio(look.tint, paint(look) + shadow(410, 540, 190, 22, 0.4) + at(look.boom ? 450 : 400, 366, side(look), 1.08)),
    desk(look.tint, shadow(400, 524, 130, 16, 0.4) + at(400, 520, onStand(look)), { lamp: true }),
  ];
}

/** One earphone; the stem points down. */
function bud(look, facing) {
  return (
    (look.hook
      ? line(`M${8 * facing}-30C${60 * facing}-120 ${120 * facing}-60 ${78 * facing} 30`, look.accent, 12)
      : "") +
    rect(-13, 0, 26, 96, 13, "url(#c)") +
    ellipse(-30 * facing, -22, 26, 22, look.pad, `transform="rotate(${20 * facing} ${-30 * facing} -22)"`) +
    circle(2 * facing, -14, 36, "url(#o)") +
    circle(6 * facing, -16, 12, look.accent) +
    ellipse(-8, -32, 11, 7, "#fff", 'opacity=".5"')
  );
}

/** The open case with both earphones in it; it stands on y = 0. */
const openCase = (look) =>
  path("M-138-150C-140-236-90-250 0-250S140-236 138-150Z", darker(look.body, 0.18)) +
  path("M-120-154C-122-220-80-232 0-232S122-220 120-154Z", darker(look.body, 0.55)) +
  at(-56, -146, bud(look, -1), 0.9) +
  at(56, -146, bud(look, 1), 0.9) +
  path("M-146-128Q-146-140-134-140H134Q146-140 146-128C146-30 124 0 60 0H-60C-124 0-146-30-146-128Z", "url(#o)") +
  path("M-128-126C-126-60-112-36-84-24-116-50-118-90-116-126Z", "#fff", 'opacity=".35"') +
  circle(0, -70, 5, look.accent);

const closedCase = (look) =>
  rect(-138, -170, 276, 170, 76, "url(#o)") +
  line("M-138-112H138", darker(look.body, 0.45), 2.5) +
  rect(-22, -120, 44, 16, 8, darker(look.body, 0.3)) +
  circle(0, -64, 5, look.accent) +
  path("M-112-120C-104-146-80-156-40-158-72-146-90-130-98-104Z", "#fff", 'opacity=".4"');

function wireless(look) {
  return [
    studio(look.tint, paint(look) + shadow(400, 486, 230, 22, 0.42) + at(400, 478, openCase(look), 1.36)),
    studio(
      look.tint,
      paint(look) +
        shadow(400, 470, 260, 26, 0.4) +
        at(270, 300, bud(look, -1), 1.9, 12) +
        at(530, 300, bud(look, 1), 1.9, -12),
    ),
    tabletop(
      look.tint,
      paint(look) +
        at(336, 480, rect(-132, -158, 276, 170, 76, "#000", 'opacity=".3"') + closedCase(look), 1) +
        at(560, 330, bud(look, 1), 0.9, 64) +
        at(600, 450, bud(look, -1), 0.9, -38),
      { mat: true },
    ),
  ];
}

function wired(look) {
  const cord = (d) => line(d, darker(look.body, 0.35), 9) + line(d, lighter(look.body, 0.2), 5);
  const pair = (x, y, scale) => at(x, y, bud(look, -1), scale, 16) + at(800 - x, y, bud(look, 1), scale, -16);
  const plug = (x, y) => at(x, y, rect(-15, 0, 30, 56, 8, "url(#c)") + rect(-9, 56, 18, 20, 4, "#b9bec6"));
  return [
    studio(
      look.tint,
      paint(look) +
        shadow(400, 540, 240, 24, 0.3) +
        cord("M216 288C216 400 400 380 400 450S330 560 460 540 560 470 560 440") +
        cord("M584 288C584 400 400 380 400 450") +
        rect(389, 404, 22, 62, 11, "url(#c)") +
        pair(250, 170, 1.3) +
        at(560, 440, group180(plug(0, 0))),
    ),
    studio(
      look.tint,
      paint(look) +
        shadow(400, 470, 260, 26, 0.35) +
        cord("M204 424Q190 520 60 640") +
        cord("M596 424Q610 520 740 640") +
        pair(250, 260, 1.8),
    ),
    tabletop(
      look.tint,
      paint(look) +
        cord("M420 300C560 240 620 360 520 410S330 400 340 330 520 260 600 300 560 470 420 470 240 400 260 350") +
        cord("M420 300Q350 260 300 300") +
        at(262, 330, bud(look, -1), 0.7, 70) +
        at(300, 280, bud(look, 1), 0.7, 100),
    ),
  ];
}

const group180 = (body) => `<g transform="rotate(180)">${body}</g>`;

export const headphones = (look) =>
  look.form === "buds" ? wireless(look) : look.form === "wired" ? wired(look) : overEar(look);
