// How each product looks: which drawing, which shape, which colours. A product of the catalogue without a look is an error.

const TINT = {
  aldera: "#0f766e",
  brightmoor: "#b45309",
  fjordan: "#0369a1",
  hexaro: "#475569",
  kestrio: "#be185d",
  nimbrel: "#0284c7",
  orlune: "#4f46e5",
  pontiva: "#7c3aed",
  quillex: "#ea580c",
  sonavie: "#15803d",
  tavoro: "#dc2626",
};
const SILVER = "#c6cad1";
const GRAPHITE = "#4a4f58";
const MIDNIGHT = "#2b3350";
const BLACK = "#2a2d33";
const WHITE = "#e9ebee";
const SAND = "#d8c7ae";
const ROSE = "#d9b3b6";
const FOREST = "#3f5a4c";

const laptop = (inches, body, more = {}) => ({
  kind: "laptop",
  inches,
  body,
  dark: [GRAPHITE, MIDNIGHT, BLACK, FOREST].includes(body),
  program: "code",
  ...more,
});
const monitor = (width, height, body, more = {}) => ({
  kind: "monitor",
  width,
  height,
  body,
  program: "code",
  ...more,
});
const keyboard = (shape, body, keys, accent, legend, more = {}) => ({
  kind: "keyboard",
  shape,
  body,
  keys,
  accent,
  legend,
  ...more,
});
const mouse = (outline, body, accent, more = {}) => ({
  kind: "mouse",
  outline,
  body,
  accent,
  thumb: outline === "flat" ? 0 : 2,
  ...more,
});
const headphones = (body, accent, pad, more = {}) => ({
  kind: "headphones",
  body,
  accent,
  pad,
  metal: "#9aa0a8",
  ...more,
});
const thing = (kind, body, accent, more = {}) => ({ kind, body, accent, ...more });

const FULL = { functions: true, arrows: "cluster", numbers: true };
const TKL = { functions: true, arrows: "cluster" };
const SEVENTY_FIVE = { functions: true, arrows: "column" };
const SIXTY_FIVE = { arrows: "column" };
const SIXTY = {};
const SPLIT = { split: true };

const LOOKS = {
  "orlune-vela-14": laptop(14, SILVER),
  "orlune-vela-16": laptop(16, GRAPHITE, { lamp: true }),
  "orlune-vela-16-studio": laptop(16, "#33363d", { program: "photo" }),
  "kestrio-aria-13": laptop(13, ROSE),
  "kestrio-aria-15": laptop(15, SILVER, { lamp: true }),
  "kestrio-fold-14": laptop(14, SAND, { program: "photo" }),
  "tavoro-rift-15": laptop(15.6, BLACK, { program: "game", glow: "#b91c1c" }),
  "tavoro-rift-17": laptop(17, BLACK, { program: "game", glow: "#7c3aed", lamp: true }),
  "tavoro-rift-14-slim": laptop(14, GRAPHITE, { program: "game" }),
  "fjordan-loft-14": laptop(14, WHITE, { lamp: true }),
  "fjordan-loft-15": laptop(15.6, SILVER),
  "fjordan-trek-13": laptop(13.5, FOREST),
  "aldera-pro-14": laptop(14, MIDNIGHT, { lamp: true }),
  "aldera-go-12": laptop(12, SAND),

  "nimbrel-clear-24": monitor(480, 316, BLACK),
  "nimbrel-clear-27": monitor(560, 330, SILVER),
  "nimbrel-clear-27-4k": monitor(570, 334, BLACK, { program: "photo", mirrored: true }),
  "nimbrel-wide-34": monitor(690, 312, BLACK, { foot: "v" }),
  "orlune-iris-27": monitor(560, 334, GRAPHITE, { program: "photo" }),
  "orlune-iris-32": monitor(630, 372, GRAPHITE, { program: "photo", mirrored: true }),
  "tavoro-surge-25": monitor(520, 306, BLACK, { program: "game", foot: "v" }),
  "tavoro-surge-27-oled": monitor(560, 328, BLACK, { program: "game", foot: "v", mirrored: true }),
  "tavoro-surge-49": monitor(770, 236, BLACK, { program: "game", foot: "v" }),
  "fjordan-view-22": monitor(450, 272, BLACK, { mirrored: true }),
  "aldera-carry-16": monitor(430, 276, SILVER, { portable: true }),

  "quillex-one": keyboard(FULL, "#3b3f47", "#e8e2d6", "#ea580c", "#4b4238"),
  "quillex-tkl": keyboard(TKL, WHITE, "#f4f1ea", "#6b8f9c", "#5b5348"),
  "quillex-75-wireless": keyboard(SEVENTY_FIVE, "#2f3a4a", "#cdd8e4", "#f2b84b", "#2f3a4a", { knob: true }),
  "quillex-65-alloy": keyboard(SIXTY_FIVE, SILVER, "#3a3e46", "#ea580c", "#d5d9df"),
  "quillex-split": keyboard(SPLIT, "#33373f", "#ece7dc", "#ea580c", "#4b4238"),
  "pontiva-slim-keys": keyboard(FULL, SILVER, "#f7f7f9", "#f7f7f9", "#555b66", { flat: true }),
  "pontiva-slim-keys-mini": keyboard(SEVENTY_FIVE, "#cfc6e6", "#faf8ff", "#a78bda", "#564b73", { flat: true }),
  "pontiva-wave-ergo": keyboard(FULL, "#3a3d45", "#50545e", "#7c3aed", "#e4e6ea", { flat: true }),
  "tavoro-strike-tkl": keyboard(TKL, "#1f2126", "#33363e", "#dc2626", "#f3b4b4", { glow: "#ef4444" }),
  "tavoro-strike-60": keyboard(SIXTY, "#1f2126", "#2f323a", "#7c3aed", "#c9b8f5", { glow: "#8b5cf6" }),
  "fjordan-desk-set": keyboard(FULL, "#4b5563", "#5d6776", "#0369a1", "#eef1f5", { flat: true, withMouse: true }),

  "pontiva-glide": mouse("classic", "#4b4f59", "#a78bfa"),
  "pontiva-glide-pro": mouse("ergo", "#33363d", "#c9ced6"),
  "pontiva-upright": mouse("upright", "#4a4d57", "#a78bfa"),
  "pontiva-orbit": mouse("ergo", "#565a64", "#7c3aed", { ball: true, thumb: 0 }),
  "tavoro-dart": mouse("light", "#26282e", "#ef4444", { cable: true }),
  "tavoro-dart-wireless": mouse("light", "#e6e8eb", "#ef4444"),
  "tavoro-anvil": mouse("ergo", "#2a2d33", "#f97316", { thumb: 12, cable: true }),
  "kestrio-pebble": mouse("flat", ROSE, "#8f5a62"),
  "orlune-arc-mouse": mouse("flat", SILVER, "#4f46e5", { touch: true }),
  "fjordan-basic-mouse": mouse("classic", "#3f444d", "#7dd3fc", { cable: true, thumb: 0 }),

  "sonavie-calm": headphones("#3f4a44", "#c9a66b", "#23292a"),
  "sonavie-calm-mini": headphones("#d9d4c8", "#15803d", "#b9b2a2", { small: true }),
  "sonavie-open-studio": headphones("#4a4d52", "#c9a66b", "#26282c", { open: true }),
  "sonavie-drops": headphones("#eef0ee", "#15803d", "#c9cfca", { form: "buds" }),
  "sonavie-drops-sport": headphones("#2f3b36", "#a3e635", "#1b2320", { form: "buds", hook: true }),
  "tavoro-echo": headphones("#2a2c32", "#ef4444", "#17181c", { boom: true }),
  "tavoro-echo-wireless": headphones("#e4e6ea", "#ef4444", "#3a3d44", { boom: true }),
  "kestrio-note": headphones("#5b4a55", "#f0a8c4", "#332a30", { boom: true, small: true }),
  "kestrio-buds": headphones("#e9cfd4", "#be185d", "#d3b0b7", { form: "buds" }),
  "orlune-solo": headphones("#b9bec8", "#4f46e5", "#2f3238"),
  "fjordan-wired-buds": headphones("#e7ebef", "#0369a1", "#c2cad3", { form: "wired" }),

  "hexaro-dock-12": thing("powered", "#3d434d", "#34d399", { form: "dock" }),
  "hexaro-hub-7": thing("powered", "#b4bac3", "#475569", { form: "hub" }),
  "hexaro-charge-100": thing("powered", "#e6e9ed", "#475569", { form: "charger" }),
  "hexaro-link-cable": thing("cable", "#4b5563", "#f59e0b"),
  "hexaro-cell-20": thing("powered", "#39404b", "#34d399", { form: "bank" }),
  "hexaro-vault-1tb": thing("powered", "#3f4a5a", "#f59e0b", { form: "drive", label: "1 TB" }),
  "hexaro-vault-4tb": thing("powered", "#2c3440", "#38bdf8", { form: "drive", label: "4 TB" }),
  "brightmoor-riser": thing("riser", "#b9bec6", "#b45309"),
  "brightmoor-arm": thing("arm", "#8f959f", "#b45309"),
  "brightmoor-lens-4k": thing("webcam", "#59606b", "#34d399"),
  "brightmoor-beam": thing("lightBar", "#4a4f58", "#f59e0b"),
  "brightmoor-felt-mat": thing("mat", "#5b6169", "#b45309"),
  "brightmoor-sleeve-14": thing("sleeve", "#4f6354", "#d9b26a"),
  "sonavie-cast": thing("microphone", "#3a3f47", "#34d399"),
  "sonavie-shelf": thing("speakers", "#7a4a22", "#34d399"),
  "aldera-slate": thing("tablet", "#474c55", "#2dd4bf"),
};

/** The look of a product, with its brand's tint and name. */
export function lookOf(product, brandName) {
  const look = LOOKS[product.id];
  if (!look) throw new Error(`pictures/looks.mjs: no look for product ${product.id}`);
  return { ...look, tint: TINT[product.brand], maker: brandName.toUpperCase() };
}
