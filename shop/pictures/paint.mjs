// Colours, numbers, gradients and projection: what every drawing needs.
// In: plain values. Out: SVG text with short numbers, because each picture must stay small.

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** Mix two colours: 0 gives the first, 1 the second. */
export function mix(first, second, share) {
  const other = channels(second);
  const parts = channels(first).map((value, i) => Math.round(value + (other[i] - value) * share));
  return `#${parts.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

export const lighter = (colour, share) => mix(colour, "#ffffff", share);
export const darker = (colour, share) => mix(colour, "#0b0d12", share);

/** Format a number with at most one decimal. */
export const n = (value) => String(Math.round(value * 10) / 10);

/** A vertical gradient, or one in the given direction, over the shape that it fills. */
export function linear(id, stops, direction = "0 0 0 1") {
  const [x1, y1, x2, y2] = direction.split(" ");
  return `<linearGradient id="${id}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}">${steps(stops)}</linearGradient>`;
}

export function radial(id, stops, centre = "0.5 0.5", radius = 0.5) {
  const [cx, cy] = centre.split(" ");
  return `<radialGradient id="${id}" cx="${cx}" cy="${cy}" r="${radius}">${steps(stops)}</radialGradient>`;
}

/** Stops are colours, or [colour, opacity], spread evenly. */
function steps(stops) {
  return stops
    .map((stop, i) => {
      const [colour, opacity] = Array.isArray(stop) ? stop : [stop];
      const fade = opacity === undefined ? "" : ` stop-opacity="${opacity}"`;
      return `<stop offset="${n(i / (stops.length - 1))}" stop-color="${colour}"${fade}/>`;
    })
    .join("");
}

export const rect = (x, y, width, height, rx, fill, more = "") =>
  `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="${n(rx)}" fill="${fill}" ${more}/>`;

export const circle = (x, y, r, fill, more = "") =>
  `<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" fill="${fill}" ${more}/>`;

export const ellipse = (x, y, rx, ry, fill, more = "") =>
  `<ellipse cx="${n(x)}" cy="${n(y)}" rx="${n(rx)}" ry="${n(ry)}" fill="${fill}" ${more}/>`;

export const path = (d, fill, more = "") => `<path d="${d}" fill="${fill}" ${more}/>`;

export const line = (d, stroke, width, more = "") =>
  `<path d="${d}" fill="none" stroke="${stroke}" stroke-width="${n(width)}" ${more}/>`;

export const group = (transform, body) => `<g transform="${transform}">${body}</g>`;

export const at = (x, y, body, scale = 1, turn = 0) =>
  group(
    `translate(${n(x)} ${n(y)})${turn ? ` rotate(${turn})` : ""}${scale === 1 ? "" : ` scale(${scale.toFixed(2)})`}`,
    body,
  );

export const word = (x, y, size, fill, text, more = "") =>
  `<text x="${n(x)}" y="${n(y)}" font-size="${n(size)}" fill="${fill}" ${more}>${text}</text>`;

/** The axes of a parallel projection: the object turned by `yaw` and seen from `pitch` degrees above. */
export function projection(yaw, pitch) {
  const [turn, tilt] = [(yaw * Math.PI) / 180, (pitch * Math.PI) / 180];
  const x = [Math.cos(turn), Math.sin(turn) * Math.sin(tilt)];
  const z = [-Math.sin(turn), Math.cos(turn) * Math.sin(tilt)];
  const rise = Math.cos(tilt);
  const plane = (u, v, origin) =>
    `matrix(${[...u, ...v].map((value) => value.toFixed(3)).join(" ")} ${origin.map(n).join(" ")})`;
  const place = (px, py, pz) => [px * x[0] + pz * z[0], px * x[1] + pz * z[1] - py * rise];
  return {
    place,
    rise,
    /** Plane seen from above; its y axis points to the viewer. */
    floor: (px, py, pz) => plane(x, z, place(px, py, pz)),
    /** Upright plane parallel to the front; its y axis points down. `lean` tilts it backwards. */
    front: (px, py, pz, lean = 0) =>
      plane(x, [z[0] * lean, rise * Math.sqrt(1 - lean * lean) + z[1] * lean], place(px, py, pz)),
    /** Upright plane of the right side; its x axis points away from the viewer. */
    side: (px, py, pz) => plane([-z[0], -z[1]], [0, rise], place(px, py, pz)),
  };
}

/** A box with rounded corners, `width` x `depth` x `height`, standing on the floor around the origin. */
export function box(view, size, skin) {
  const { width, depth, height, radius = 14 } = size;
  const [left, back] = [-width / 2, -depth / 2];
  const layers = [];
  for (let y = 0; y < height; y += Math.max(4, height / 42)) layers.push(`<use href="#s" y="${n(-y * view.rise)}"/>`);
  return [
    `<defs>${linear("e", [skin.edge, darker(skin.edge, 0.35)], "0 0 1 0")}${linear("t", [lighter(skin.top, 0.12), skin.top], "0 0 1 1")}`,
    `<g id="s">${group(view.floor(left, 0, back), rect(0, 0, width, depth, radius, "url(#e)"))}</g></defs>`,
    ...layers,
    group(view.floor(left, height, back), rect(0, 0, width, depth, radius, "url(#t)") + (skin.topArt ?? "")),
    skin.frontArt ? group(view.front(left, height, -back), skin.frontArt) : "",
  ].join("");
}

/** A number in [0, 1) that depends on the text only, so that the same product is drawn the same way again. */
export function chance(text, salt) {
  let hash = 2166136261;
  for (const letter of `${salt}:${text}`) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619);
  return ((hash ^ (hash >>> 15)) >>> 0) / 4294967296;
}
