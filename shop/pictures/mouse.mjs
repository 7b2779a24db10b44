// Mice: from above, from the side, and on a desk mat.

import { at, circle, darker, ellipse, lighter, line, linear, path, radial, rect } from "./paint.mjs";
import { shadow, studio, tabletop } from "./scene.mjs";

// Outlines from above, about 200 x 330 around the origin.
const OUTLINES = {
  classic: "M0-165C62-165 92-120 96-40 99 60 92 165 0 165-92 165-99 60-96-40-92-120-62-165 0-165Z",
  light:
    "M0-165C58-165 84-140 86-90 88-50 74-20 78 30 84 100 70 165 0 165-70 165-84 100-78 30-74-20-88-50-86-90-84-140-58-165 0-165Z",
  ergo: "M10-165C70-165 96-128 98-60 100 60 96 160 14 165-60 168-104 120-120 50-128 10-96-10-92-60-88-128-58-165 10-165Z",
  flat: "M0-160C80-160 94-110 94 0 94 110 80 160 0 160-80 160-94 110-94 0-94-110-80-160 0-160Z",
};

const paint = (look) =>
  `<defs>${radial("m", [lighter(look.body, 0.42), look.body, darker(look.body, 0.3)], "0.38 0.3", 0.85)}${linear("r", [
    ["#fff", 0.5],
    ["#fff", 0],
  ])}${linear("ss", [lighter(look.body, 0.35), look.body, darker(look.body, 0.35)])}</defs>`;

const wheel = (look, y) =>
  rect(-13, y - 32, 26, 64, 13, darker(look.body, 0.6)) +
  rect(-8, y - 26, 16, 52, 8, look.accent) +
  line(`M-8 ${y - 12}h16M-8 ${y}h16M-8 ${y + 12}h16`, darker(look.accent, 0.45), 2.5);

/** The mouse from above, centred on the origin. */
export function mouseAbove(look) {
  const outline = OUTLINES[look.outline];
  const groove = darker(look.body, 0.5);
  const seams =
    look.outline === "flat" && look.touch
      ? ""
      : line(
          look.outline === "light" ? "M0-164V-40M-78-20Q0-42 78-20" : "M0-164V-40M-92-18Q0-42 92-18",
          groove,
          2.5,
          'opacity=".6"',
        );
  return (
    path(outline, "#000", 'transform="translate(8 14)" opacity=".25"') +
    path(outline, "url(#m)", `stroke="${darker(look.body, 0.35)}" stroke-width="2"`) +
    path("M-50-138C-72-110-76-70-72-40-60-20-30-24-14-34V-146Q-36-150-50-138Z", "url(#r)", 'opacity=".55"') +
    seams +
    (look.touch ? circle(0, 120, 5, lighter(look.body, 0.5)) : wheel(look, -92)) +
    (look.thumb ? thumbButtons(look) : "") +
    (look.ball
      ? circle(-78, 8, 46, darker(look.body, 0.55)) +
        circle(-78, 8, 40, look.accent) +
        ellipse(-92, -8, 14, 9, "#fff", 'opacity=".6" transform="rotate(-35 -92 -8)"')
      : "") +
    (look.outline === "light"
      ? path("M-10 96L0 80 10 96 0 112Z", look.accent)
      : look.touch
        ? ""
        : circle(0, 96, 4, look.accent))
  );
}

function thumbButtons(look) {
  if (look.thumb === 2 && look.outline === "light")
    return line("M-79-40Q-74-10-76 20M-78 36Q-80 56-82 74", darker(look.body, 0.4), 8);
  if (look.thumb === 2) return line("M-94-30Q-100 0-98 26M-98 40Q-98 66-94 90", lighter(look.body, 0.35), 7);
  const pads = [0, 1, 2, 3].flatMap((row) =>
    [0, 1, 2].map((column) =>
      rect(
        -92 + column * 17,
        -20 + row * 26,
        14,
        21,
        4,
        darker(look.body, 0.35),
        `stroke="${look.accent}" stroke-width="1.5"`,
      ),
    ),
  );
  return pads.join("");
}

// Profiles from the left side; the mouse stands on y = 0, front at the left.
const PROFILES = {
  classic: "M-178-8C-182-40-168-66-130-92-80-126-10-140 60-128 130-114 172-66 178-8Q178 0 168 0H-168Q-177 0-178-8Z",
  light: "M-176-8C-178-36-160-56-120-80-60-116 0-134 60-126 126-116 168-70 176-8Q176 0 166 0H-166Q-175 0-176-8Z",
  ergo: "M-184-8C-190-44-170-70-132-100-80-142 0-166 66-148 140-128 180-74 184-8Q184 0 174 0H-174Q-183 0-184-8Z",
  flat: "M-172-8C-174-30-150-46-100-56-40-68 40-68 100-56 150-46 174-30 172-8Q172 0 162 0H-162Q-171 0-172-8Z",
};

function mouseSide(look) {
  const low = look.outline === "flat";
  const buttons = low
    ? ""
    : look.thumb === 12
      ? [0, 1, 2, 3]
          .flatMap((column) =>
            [0, 1, 2].map((row) =>
              rect(
                -62 + column * 30,
                -98 + row * 26,
                25,
                21,
                5,
                darker(look.body, 0.45),
                `stroke="${look.accent}" stroke-width="2"`,
              ),
            ),
          )
          .join("")
      : rect(-58, -98, 58, 20, 9, darker(look.body, 0.4)) + rect(8, -102, 58, 20, 9, darker(look.body, 0.4));
  return (
    (low
      ? ""
      : ellipse(
          -104,
          -84,
          22,
          17,
          look.accent,
          `stroke="${darker(look.body, 0.5)}" stroke-width="5" transform="rotate(-34 -104 -84)"`,
        )) +
    path(PROFILES[look.outline], "url(#ss)", `stroke="${darker(look.body, 0.4)}" stroke-width="1.5"`) +
    line(
      low ? "M-172-20Q0-36 172-20" : "M-166-30C-120-40-40-46 40-44 110-42 150-36 166-28",
      darker(look.body, 0.5),
      2.5,
      'opacity=".7"',
    ) +
    buttons +
    (look.ball
      ? circle(-30, -70, 42, darker(look.body, 0.5)) +
        circle(-30, -72, 36, look.accent) +
        ellipse(-42, -86, 11, 8, "#fff", 'opacity=".6"')
      : "") +
    (low ? "" : path("M-150-88C-90-122-10-136 50-126 10-132-70-112-140-74Z", "#fff", 'opacity=".3"'))
  );
}

/** A vertical mouse from behind: the hand rests as in a handshake. */
function upright(look) {
  return (
    path(
      "M-150 0C-160-60-120-120-70-190-40-236 30-250 70-214 120-168 150-70 158 0Z",
      "url(#ss)",
      `stroke="${darker(look.body, 0.4)}" stroke-width="2"`,
    ) +
    path(
      "M-70-190C-40-236 30-250 70-214 60-120 20-60-20 0H-150C-160-60-120-120-70-190Z",
      darker(look.body, 0.25),
      'opacity=".55"',
    ) +
    line("M70-214C60-120 20-60-20 0", look.accent, 4) +
    rect(-100, -126, 62, 22, 11, darker(look.body, 0.5), 'transform="rotate(-52 -70 -115)"') +
    rect(-76, -176, 52, 20, 10, darker(look.body, 0.5), 'transform="rotate(-50 -50 -166)"') +
    path("M86-190C120-150 138-90 144-30", "none", 'stroke="#fff" stroke-width="8" opacity=".35"') +
    path("M-150 0H158Q160 14 146 14H-140Q-152 12-150 0Z", darker(look.body, 0.55))
  );
}

export function mouse(look) {
  const cable = (d) => (look.cable ? line(d, darker(look.body, 0.5), 9) + line(d, lighter(look.body, 0.15), 4) : "");
  if (look.outline === "upright") {
    const above = { ...look, outline: "ergo", thumb: 2 };
    return [
      studio(look.tint, paint(look) + shadow(404, 462, 260, 34, 0.45) + at(400, 446, upright(look), 1.35)),
      studio(look.tint, paint(look) + shadow(410, 340, 250, 210, 0.25) + at(400, 300, mouseAbove(above), 1.32, 24)),
      tabletop(look.tint, paint(look) + at(430, 360, mouseAbove(above), 0.86, 6)),
    ];
  }
  return [
    studio(
      look.tint,
      paint(look) +
        shadow(420, 340, 250, 220, 0.25) +
        cable("M310 80Q270-10 180-60") +
        at(400, 300, mouseAbove(look), 1.36, -22),
    ),
    studio(
      look.tint,
      paint(look) +
        shadow(400, 430, 330, 26, 0.5) +
        cable("M180 404Q60 400-40 340") +
        at(400, 424, mouseSide(look), 1.5),
    ),
    tabletop(look.tint, paint(look) + cable("M430 230Q440 90 360-20") + at(430, 366, mouseAbove(look), 0.86, 5)),
  ];
}
