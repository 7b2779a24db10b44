// What a screen shows: a wallpaper or a program at work.

import { chance, circle, darker, lighter, line, linear, mix, path, rect } from "./paint.mjs";

/** Paint of the wallpaper; put it into <defs> once. */
export function screenPaint(tint, id) {
  const second = ["#38bdf8", "#f59e0b", "#ec4899", "#10b981", "#8b5cf6"][Math.floor(chance(id, "screen") * 5)];
  return (
    linear("sc", [darker(tint, 0.45), tint, mix(tint, second, 0.7)], "0 0 1 1") +
    linear(
      "gs",
      [
        ["#fff", 0.16],
        ["#fff", 0],
      ],
      "0 0 1 1",
    )
  );
}

/** Soft waves over a gradient. */
export function wallpaper(width, height, id) {
  const lift = (salt) => (0.25 + chance(id, salt) * 0.4) * height;
  const wave = (from, opacity) =>
    path(
      `M0 ${from | 0}C${(width * 0.3) | 0} ${(from - height * 0.35) | 0} ${(width * 0.6) | 0} ${(from + height * 0.35) | 0} ${width | 0} ${(from - height * 0.1) | 0}V${height | 0}H0Z`,
      "#fff",
      `opacity="${opacity}"`,
    );
  return (
    rect(0, 0, width, height, 3, "url(#sc)") +
    circle(width * (0.2 + chance(id, "sun") * 0.6), height * 0.3, height * 0.13, "#fff", 'opacity=".35"') +
    wave(lift("a"), 0.1) +
    wave(lift("b") + height * 0.15, 0.12) +
    wave(lift("c") + height * 0.3, 0.14) +
    glare(width, height)
  );
}

const glare = (width, height) => path(`M0 0H${(width * 0.55) | 0}L${(width * 0.25) | 0} ${height | 0}H0Z`, "url(#gs)");

/** An editor with lines of code. */
function code(width, height, id, tint) {
  const colours = ["#7dd3fc", "#c4b5fd", "#fcd34d", "#86efac", "#e5e7eb"];
  const paths = colours.map(() => "");
  const rows = 12;
  for (let row = 0; row < rows; row += 1) {
    let x = 70 + Math.floor(chance(id, `i${row}`) * 3) * 22;
    const y = 38 + (row * (height - 54)) / rows;
    for (let part = 0; part < 3 && x < width * 0.72; part += 1) {
      const length = 20 + Math.floor(chance(id, `l${row}${part}`) * 0.13 * width);
      paths[Math.floor(chance(id, `c${row}${part}`) * 5)] += `M${x} ${y | 0}h${length}`;
      x += length + 14;
    }
  }
  return (
    rect(0, 0, width, height, 3, "#171923") +
    rect(0, 0, width, 20, 3, "#232634") +
    rect(0, 20, 46, height - 20, 0, "#1d202c") +
    circle(14, 10, 4, "#ef4444") +
    circle(28, 10, 4, "#f59e0b") +
    circle(42, 10, 4, "#10b981") +
    rect(width * 0.78, 34, width * 0.2, height * 0.5, 4, lighter("#1d202c", 0.06)) +
    line(
      `M${(width * 0.8) | 0} ${(height * 0.45) | 0}l${(width * 0.05) | 0}-30 ${(width * 0.05) | 0} 14 ${(width * 0.05) | 0}-40`,
      lighter(tint, 0.3),
      3,
    ) +
    paths.map((d, i) => line(d, colours[i], 5, 'opacity=".85"')).join("")
  );
}

/** A landscape in a photo editor. */
function photo(width, height, tint) {
  const [w, h] = [width * 0.76, height - 44];
  return (
    rect(0, 0, width, height, 3, "#1b1c20") +
    `<svg x="10" y="10" width="${w | 0}" height="${h | 0}" viewBox="0 0 400 250" preserveAspectRatio="none">` +
    rect(0, 0, 400, 250, 0, "url(#sc)") +
    circle(290, 90, 34, "#fff3d6", 'opacity=".9"') +
    path("M0 170L90 90 160 150 240 70 330 150 400 110V250H0Z", darker(tint, 0.35), 'opacity=".75"') +
    path("M0 210Q100 160 200 200T400 180V250H0Z", darker(tint, 0.7)) +
    "</svg>" +
    line(
      `M${(width * 0.81) | 0} 30h${(width * 0.15) | 0}m-${(width * 0.15) | 0} 30h${(width * 0.15) | 0}m-${(width * 0.15) | 0} 30h${(width * 0.15) | 0}`,
      "#3f4149",
      6,
    ) +
    line(
      `M${(width * 0.81) | 0} 30h${(width * 0.1) | 0}m-${(width * 0.1) | 0} 30h${(width * 0.05) | 0}m-${(width * 0.05) | 0} 30h${(width * 0.12) | 0}`,
      lighter(tint, 0.35),
      6,
    ) +
    line(`M14 ${(height - 17) | 0}H${(width - 14) | 0}`, "#34363d", 16, `stroke-dasharray="34 22"`)
  );
}

/** A race at night. */
function game(width, height, tint) {
  return (
    `<svg width="${width | 0}" height="${height | 0}" viewBox="0 0 400 225" preserveAspectRatio="none">` +
    rect(0, 0, 400, 225, 0, "url(#sc)") +
    circle(200, 110, 52, "#ffd9a0", 'opacity=".85"') +
    path("M0 120L60 84 110 112 170 92 230 112 300 78 400 120Z", darker(tint, 0.7)) +
    path("M0 118H400V225H0Z", "#14141f") +
    path("M188 118H212L330 225H70Z", "#2a2b3a") +
    line("M200 128V142M200 156V178M200 194V225", "#fde68a", 4) +
    line("M70 225L188 118M330 225L212 118", lighter(tint, 0.3), 2.5) +
    path("M160 205Q164 176 200 176T240 205Z", tint) +
    rect(154, 200, 92, 16, 6, darker(tint, 0.3)) +
    rect(160, 203, 16, 6, 3, "#fecaca") +
    rect(224, 203, 16, 6, 3, "#fecaca") +
    "</svg>"
  );
}

/** Pick a program that suits the product. */
export function program(kind, width, height, id, tint) {
  if (kind === "game") return game(width, height, tint) + glare(width, height);
  if (kind === "photo") return photo(width, height, tint) + glare(width, height);
  return code(width, height, id, tint);
}
