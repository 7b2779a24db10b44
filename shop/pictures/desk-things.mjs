// Accessories of the desk: stands, arms, webcams, lights, mats, sleeves, microphones, speakers, pen tablets.

import {
  at,
  box,
  circle,
  darker,
  ellipse,
  group,
  lighter,
  line,
  linear,
  mix,
  path,
  projection,
  radial,
  rect,
  word,
} from "./paint.mjs";
import { desk, shadow, studio, tabletop } from "./scene.mjs";
import { laptopPaint, smallLaptop } from "./laptop.mjs";
import { program, screenPaint, wallpaper } from "./screen.mjs";
import { flatBoard } from "./keyboard.mjs";
import { mouseAbove } from "./mouse.mjs";

const MATE = { body: "#b9bec6", inches: 14 };
const metal = (look) => linear("mt", [lighter(look.body, 0.4), look.body, darker(look.body, 0.35)], "0 0 1 1");

/** A bare monitor for scenes, its lower edge at the origin. */
function screen(look, id, width = 400) {
  const height = width * 0.58;
  return (
    rect(-width / 2, -height, width, height, 8, "#0d0f14") +
    at(-width / 2 + 7, -height + 7, program("code", width - 14, height - 16, id, look.tint))
  );
}

export function riser(look, id) {
  const frame =
    path("M-190 0L-60-190H-20L-150 0Z", "url(#mt)") +
    path("M-190 0H200L214-16H-180Z", darker(look.body, 0.2)) +
    path("M-70-196L190-100 178-84-84-178Z", "url(#mt)") +
    path("M176-106L206-128 214-116 186-88Z", darker(look.body, 0.4)) +
    circle(-56, -184, 11, look.accent) +
    rect(-196, -4, 60, 10, 5, "#23272e") +
    rect(150, -4, 60, 10, 5, "#23272e");
  const defs = `<defs>${metal(look)}</defs>`;
  const mate = { ...MATE, tint: look.tint };
  const legs =
    path("M-120 0L-84-120H-56L-88 0ZM120 0L84-120H56L88 0Z", "url(#mt)") +
    rect(-150, -128, 300, 16, 8, look.body) +
    rect(-150, -4, 300, 9, 4, darker(look.body, 0.3));
  return [
    studio(look.tint, defs + shadow(410, 470, 330, 28, 0.4) + at(390, 466, frame, 1.45)),
    studio(
      look.tint,
      defs +
        shadow(410, 470, 330, 28, 0.4) +
        at(
          390,
          466,
          frame +
            group(
              "translate(66 -160) rotate(20)",
              rect(-184, -22, 320, 13, 6, "#d4d8de") +
                rect(-184, -9, 320, 3, 0, "#8d939c") +
                rect(-184, -22, 12, 13, 6, "#aab0b9"),
            ),
          1.45,
        ),
    ),
    desk(
      look.tint,
      laptopPaint(mate, id) +
        defs +
        shadow(400, 534, 190, 16, 0.45) +
        at(400, 534, legs) +
        at(400, 412, smallLaptop(mate, id)),
    ),
  ];
}

export function arm(look, id) {
  const arms =
    line("M0-20L90-180", "url(#mt)", 30) +
    line("M90-180L-60-290", "url(#mt)", 26) +
    circle(90, -180, 24, darker(look.body, 0.3)) +
    circle(90, -180, 9, look.accent) +
    rect(-26, -60, 52, 60, 8, darker(look.body, 0.25)) +
    path("M-46 0H46V14H-20V58H-46Z", darker(look.body, 0.45)) +
    rect(-40, 64, 34, 10, 4, "#23272e") +
    line("M-22 40V64", "#23272e", 7) +
    circle(-60, -290, 18, darker(look.body, 0.3));
  const plate =
    rect(-122, -350, 116, 116, 12, look.body) +
    rect(-112, -340, 96, 96, 8, darker(look.body, 0.2)) +
    [
      [-100, -328],
      [-28, -328],
      [-100, -256],
      [-28, -256],
    ]
      .map(([x, y]) => circle(x, y, 5, "#e5e7eb"))
      .join("");
  const defs = `<defs>${metal(look)}${screenPaint(look.tint, id)}</defs>`;
  return [
    studio(look.tint, defs + shadow(420, 520, 200, 20, 0.35) + at(410, 470, arms + plate, 1.22)),
    studio(look.tint, defs + shadow(400, 560, 260, 20, 0.3) + at(560, 660, arms + plate, 1.9)),
    desk(look.tint, defs + at(400, 452, arms + at(-64, -168, screen(look, id))), { lamp: false }),
  ];
}

export function webcam(look, id) {
  const camera = (turn) =>
    rect(-130, -52, 260, 104, 52, "url(#mt)") +
    rect(-122, -46, 244, 92, 46, "#11141a") +
    circle(turn, 0, 40, "#05070a", 'stroke="#2d333d" stroke-width="6"') +
    circle(turn, 0, 25, "url(#gl2)") +
    ellipse(turn - 9, -10, 8, 6, "#fff", 'opacity=".8"') +
    circle(84, 0, 5, look.accent) +
    line("M-96-10V10M-84-14V14", "#3a404b", 4);
  const clip =
    path("M-60 52H60L74 110H-74Z", darker(look.body, 0.3)) +
    rect(-84, 106, 168, 26, 10, darker(look.body, 0.5)) +
    path("M-50 132H50L30 170H-30Z", darker(look.body, 0.35));
  const defs = `<defs>${metal(look)}${radial("gl2", ["#93c5fd", "#1e3a8a", "#020617"], "0.4 0.35", 0.7)}${screenPaint(look.tint, id)}</defs>`;
  return [
    studio(look.tint, defs + shadow(400, 500, 200, 20, 0.4) + at(400, 240, clip + camera(0), 1.5)),
    studio(look.tint, defs + shadow(400, 520, 320, 26, 0.3) + at(400, 300, camera(0), 2.5, -8)),
    desk(
      look.tint,
      defs +
        shadow(400, 506, 160, 14, 0.45) +
        rect(380, 400, 40, 100, 4, "#3a404b") +
        rect(310, 494, 180, 12, 6, "#4b5563") +
        at(400, 440, screen(look, id, 480)) +
        at(400, 140, clip + camera(0), 0.46),
    ),
  ];
}

export function lightBar(look, id) {
  const bar =
    rect(-270, -22, 540, 44, 22, "url(#mt)") +
    rect(-250, 4, 500, 12, 6, "#fff4d6") +
    rect(-40, -34, 80, 74, 14, darker(look.body, 0.25)) +
    circle(0, -8, 8, look.accent);
  const beam = (width, height) =>
    path(`M-${width} 20H${width}L${width * 1.25} ${height}H-${width * 1.25}Z`, "url(#bm)");
  const dial =
    ellipse(0, 18, 74, 22, darker(look.body, 0.5)) +
    rect(-74, -22, 148, 40, 6, "url(#mt)") +
    ellipse(0, -22, 74, 24, lighter(look.body, 0.25)) +
    ellipse(0, -22, 52, 16, darker(look.body, 0.2)) +
    circle(30, -20, 5, look.accent);
  const defs = `<defs>${metal(look)}${linear("bm", [
    ["#ffe9b0", 0.85],
    ["#ffe9b0", 0],
  ])}${screenPaint(look.tint, id)}</defs>`;
  return [
    studio(
      look.tint,
      defs + at(400, 190, beam(250, 330) + bar, 1.12) + shadow(400, 520, 150, 26, 0.4) + at(400, 496, dial, 1.1),
    ),
    studio(look.tint, defs + at(520, 260, beam(250, 260) + bar, 1.9, -6)),
    desk(
      look.tint,
      defs +
        at(400, 176, beam(170, 390)) +
        shadow(400, 506, 160, 14, 0.45) +
        rect(380, 400, 40, 100, 4, "#3a404b") +
        rect(310, 494, 180, 12, 6, "#4b5563") +
        at(400, 446, screen(look, id, 440)) +
        at(400, 188, bar, 0.6),
    ),
  ];
}

const KEYS = { shape: {}, body: "#e7e9ec", keys: "#f6f7f8", accent: "#f6f7f8", legend: "#4b5563", flat: true };

export function mat(look) {
  const fibres = `<pattern id="fb" width="9" height="7" patternUnits="userSpaceOnUse"><path d="M0 3h4M5 6h3" stroke="#fff" stroke-opacity=".13" stroke-width="1.2"/></pattern>`;
  const flat = (w, h) =>
    rect(0, 0, w, h, 14, look.body) +
    rect(0, 0, w, h, 14, "url(#fb)") +
    rect(
      9,
      9,
      w - 18,
      h - 18,
      9,
      "none",
      `stroke="${lighter(look.body, 0.4)}" stroke-dasharray="7 5" stroke-width="1.6"`,
    ) +
    rect(w - 62, h - 34, 40, 18, 3, look.accent);
  const view = projection(-20, 42);
  const roll =
    circle(0, 0, 66, look.body) +
    path(
      "M0 0m-8 0a8 8 0 1 1 16 6a22 22 0 1 1-34-18a36 36 0 1 1 54 34a50 50 0 1 1-66-50",
      "none",
      'stroke="#c8935a" stroke-width="5"',
    );
  return [
    studio(
      look.tint,
      fibres +
        shadow(410, 330, 390, 170, 0.3) +
        at(
          400,
          310,
          box(
            view,
            { width: 660, depth: 330, height: 9, radius: 14 },
            { top: look.body, edge: "#c8935a", topArt: flat(660, 330) },
          ),
        ),
    ),
    studio(
      look.tint,
      fibres +
        shadow(400, 440, 300, 26, 0.4) +
        path("M150 300H640V432H150Z", look.body) +
        path("M150 300H640V432H150Z", "url(#fb)") +
        at(640, 366, roll) +
        path("M150 300Q120 366 150 432", "none", `stroke="${darker(look.body, 0.3)}" stroke-width="3"`) +
        rect(330, 300, 46, 132, 0, "#8b5e34"),
    ),
    tabletop(
      look.tint,
      fibres +
        rect(46, 166, 708, 330, 16, "#000", 'opacity=".2"') +
        at(40, 156, flat(708, 330)) +
        at(320, 330, flatBoard(KEYS), 0.72) +
        at(
          640,
          330,
          `<defs>${radial("m", ["#ffffff", "#eceef1", "#c5cad1"], "0.38 0.3", 0.85)}${linear("r", [
            ["#fff", 0.5],
            ["#fff", 0],
          ])}</defs>` + mouseAbove({ outline: "flat", body: "#e7e9ec", accent: "#9aa0a8", touch: true }),
          0.36,
        ),
      { mat: false },
    ),
  ];
}

export function sleeve(look) {
  const weave = `<pattern id="cv" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M0 0L6 6M6 0L0 6" stroke="#000" stroke-opacity=".1"/></pattern>`;
  const bag = (open) =>
    (open ? at(-150, -190, rect(0, -40, 300, 120, 12, "#c7ccd3") + rect(0, -40, 300, 14, 7, "#e4e7eb")) : "") +
    rect(-210, -150, 420, 300, 22, look.body) +
    rect(-210, -150, 420, 300, 22, "url(#cv)") +
    path("M-210-128Q-210-150-188-150H188Q210-150 210-128L204-40Q0 6-204-40Z", darker(look.body, 0.16)) +
    line("M-198-46Q0-2 198-46", lighter(look.body, 0.35), 2.5, 'stroke-dasharray="8 6"') +
    rect(-22, -52, 44, 70, 8, "#7a4a22") +
    circle(0, 0, 8, "#d9b26a") +
    rect(
      -198,
      -138,
      396,
      276,
      14,
      "none",
      `stroke="${lighter(look.body, 0.3)}" stroke-dasharray="8 6" stroke-width="2" opacity=".6"`,
    ) +
    rect(140, 104, 48, 22, 3, "#7a4a22") +
    word(164, 119, 9, "#f1dcb8", "BM", 'text-anchor="middle"');
  return [
    studio(look.tint, weave + shadow(410, 520, 320, 26, 0.4) + at(400, 310, bag(false), 1.36, -3)),
    studio(look.tint, weave + shadow(410, 540, 320, 26, 0.4) + at(400, 346, bag(true), 1.28)),
    tabletop(
      look.tint,
      weave + at(390, 366, rect(-202, -138, 420, 300, 22, "#000", 'opacity=".28"') + bag(true), 0.86, -6),
      { mat: false },
    ),
  ];
}

export function microphone(look, id) {
  const mesh = `<pattern id="ms" width="9" height="9" patternUnits="userSpaceOnUse"><path d="M0 4.5H9M4.5 0V9" stroke="#000" stroke-opacity=".45" stroke-width="2"/></pattern>`;
  const mic = (ring) =>
    rect(-76, -330, 152, 250, 72, "url(#mt)") +
    path("M-76-236V-262A76 72 0 0 1 76-262V-236Z", mix(look.body, "#9aa0a8", 0.5)) +
    path("M-76-236V-262A76 72 0 0 1 76-262V-236Z", "url(#ms)") +
    rect(-78, -240, 156, 12, 6, ring) +
    circle(0, -180, 9, ring) +
    circle(0, -138, 18, darker(look.body, 0.35), `stroke="${lighter(look.body, 0.3)}" stroke-width="3"`) +
    path("M-58-300Q-66-250-62-110", "none", 'stroke="#fff" stroke-width="9" opacity=".2"') +
    line("M-98-190V-120Q-98-56 0-56T98-120V-190", darker(look.body, 0.35), 12) +
    rect(-8, -56, 16, 46, 4, darker(look.body, 0.3)) +
    ellipse(0, 0, 104, 18, darker(look.body, 0.2)) +
    ellipse(0, -6, 100, 16, lighter(look.body, 0.12));
  const defs = `<defs>${metal(look)}</defs>${mesh}`;
  const mate = { ...MATE, tint: look.tint };
  return [
    studio(look.tint, defs + shadow(400, 530, 190, 22, 0.45) + at(400, 520, mic(look.accent), 1.36)),
    studio(look.tint, defs + at(430, 800, mic("#ef4444"), 2.3, 5)),
    desk(
      look.tint,
      laptopPaint(mate, id) +
        defs +
        shadow(330, 508, 190, 14, 0.5) +
        at(330, 512, smallLaptop(mate, id)) +
        shadow(578, 540, 90, 14, 0.45) +
        at(578, 536, mic(look.accent), 0.72),
    ),
  ];
}

export function speakers(look, id) {
  const speaker = (bare) =>
    rect(-95, -300, 190, 300, 14, "url(#wn)") +
    line("M-70-290Q-60-150-74-14M10-292Q30-160 4-10M70-290Q56-140 74-12", "#4a2c14", 2, 'opacity=".4"') +
    rect(-84, -289, 168, 278, 8, "#16181d") +
    circle(0, -214, 34, "#2b2f36", 'stroke="#4b515b" stroke-width="5"') +
    circle(0, -214, 13, "#8d939c") +
    circle(0, -98, 70, "#2b2f36", 'stroke="#4b515b" stroke-width="7"') +
    circle(0, -98, 50, "url(#cn)") +
    circle(0, -98, 19, "#0d0f13") +
    (bare ? "" : circle(62, -26, 5, look.accent));
  const defs = `<defs>${linear("wn", ["#a8713f", "#7a4a22"], "0 0 1 1")}${radial("cn", ["#0f1115", "#4a505a"])}${screenPaint(look.tint, id)}</defs>`;
  return [
    studio(
      look.tint,
      defs + shadow(400, 512, 320, 24, 0.42) + at(262, 504, speaker(true), 1.28) + at(538, 504, speaker(false), 1.28),
    ),
    studio(look.tint, defs + at(400, 740, speaker(false), 2.3)),
    desk(
      look.tint,
      defs +
        shadow(400, 506, 330, 16, 0.42) +
        rect(380, 400, 40, 100, 4, "#3a404b") +
        rect(330, 494, 140, 12, 6, "#4b5563") +
        at(400, 446, screen(look, id, 300)) +
        at(180, 506, speaker(true), 0.66) +
        at(620, 506, speaker(false), 0.66),
    ),
  ];
}

export function tablet(look, id) {
  const flat =
    rect(0, 0, 600, 370, 26, "none") +
    rect(92, 28, 480, 314, 8, darker(look.body, 0.16), `stroke="${lighter(look.body, 0.2)}" stroke-width="1.5"`) +
    [0, 1, 2, 3, 4, 5, 6, 7].map((i) => rect(28, 36 + i * 39, 40, 27, 7, darker(look.body, 0.35))).join("") +
    line("M180 250C230 90 300 90 320 190S420 290 500 120", look.accent, 5, 'opacity=".85"');
  const pen =
    rect(-9, -150, 18, 250, 9, darker(look.body, 0.5)) +
    path("M-9 100H9L3 132Q0 138-3 132Z", "#cfd3d9") +
    rect(-5, 10, 10, 54, 5, look.accent);
  const art = (w, h) => wallpaper(w, h, id);
  const size = { width: 600, depth: 370, height: 15, radius: 26 };
  const paint = { top: look.body, edge: darker(look.body, 0.2), topArt: flat };
  return [
    studio(
      look.tint,
      shadow(410, 340, 380, 150, 0.3) +
        at(396, 320, box(projection(-20, 46), size, paint), 1.04) +
        at(560, 260, pen, 1.1, 38),
    ),
    studio(
      look.tint,
      shadow(410, 340, 420, 220, 0.3) +
        at(330, 330, box(projection(26, 40), size, paint), 1.7) +
        at(470, 190, pen, 1.9, 30),
    ),
    tabletop(
      look.tint,
      `<defs>${screenPaint(look.tint, id)}</defs>` +
        at(
          140,
          214,
          rect(6, 10, 600, 370, 26, "#000", 'opacity=".3"') +
            rect(0, 0, 600, 370, 26, look.body) +
            flat +
            at(100, 36, art(464, 298)),
          0.82,
        ) +
        at(560, 330, pen, 1, 34),
    ),
  ];
}
