// Returns the faults visible on the page as text. screens.py runs it inside the page.
() => {
  const faults = [];
  const root = document.documentElement;
  const width = root.clientWidth;
  const isSeen = (el) => el.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && el.getClientRects().length > 0 && !el.closest(".unseen, .skip");
  const all = (selector) => [...document.querySelectorAll(selector)].filter(isSeen);
  const nameOf = (el) => `${el.tagName.toLowerCase()}.${el.className.baseVal ?? el.className} "${el.textContent.trim().slice(0, 40)}"`;

  if (root.scrollWidth > width) faults.push(`the page is ${root.scrollWidth} wide on a screen of ${width}`);

  for (const el of all(".card, .panel, .panel > header *, .echart, .echart canvas, .banner, .failure, .ranking, .ranking td, .value")) {
    const box = el.getBoundingClientRect();
    if (box.left < -0.5 || box.right > width + 0.5) faults.push(`outside the screen: ${nameOf(el)}`);
    if (box.height === 0) faults.push(`without height: ${nameOf(el)}`);
  }

  // Text that is clipped by its box. <long-name> shortens long names in the middle on purpose.
  for (const el of all("h1, h2, nav a, .button, .chip, .value, .change, .caption, .banner, .failure, .bar-name, th, td, .more, .unit")) {
    const isBlock = getComputedStyle(el).display !== "inline";
    if (isBlock && el.scrollWidth > el.clientWidth + 1) faults.push(`clipped (${el.scrollWidth} in ${el.clientWidth}): ${nameOf(el)}`);
  }
  for (const el of all("long-name, region-name")) {
    if (!el.closest("[title]")) faults.push(`no tooltip with the whole name: ${nameOf(el)}`);
  }

  const [tab] = all("nav [aria-current]"); // tabs may be scrolled sideways, but the current one must be visible
  const [bar, open] = [tab.parentElement, tab].map((el) => el.getBoundingClientRect());
  if (open.left < bar.left - 1 || open.right > bar.right + 1) faults.push(`the current tab is clipped: ${nameOf(tab)}`);

  // Neighbours that overlap.
  for (const parent of all(".top .wrap, .top nav, .filters .wrap, .page, .cards, .card, .card > header, .panel, .panel > header, .panel h2, .figure, .bar-name a, .more, tr")) {
    const children = [...parent.children].filter((el) => isSeen(el) && getComputedStyle(el).position !== "absolute");
    const boxes = children.map((el) => el.getBoundingClientRect());
    boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b, j) => {
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 1 && high > 1) faults.push(`overlap: ${nameOf(children[i])} and ${nameOf(children[i + j + 1])}`);
    }));
  }

  // Contrast of text with its background (WCAG 2, 1.4.3).
  function channels(colour) {
    const numbers = colour.match(/[\d.]+/g).map(Number);
    return colour.startsWith("color(srgb") ? numbers.map((number, i) => (i < 3 ? 255 * number : number)) : numbers;
  }
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  function background(el) {
    for (let at = el; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let checked = 0;
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const el = text.parentElement;
    if (!text.data.trim() || el.closest("script, style, option, .unseen, .skip") || !isSeen(el)) continue;
    const colour = channels(getComputedStyle(el).color);
    const bar = el.closest(".bar-cell")?.querySelector(".bar");
    const behind = [background(el), ...(bar ? [channels(getComputedStyle(bar).backgroundColor)] : [])];
    const lowest = Math.min(...behind.map((back) => contrast(colour, back)));
    if (lowest < 4.5) faults.push(`contrast ${lowest.toFixed(1)}: ${nameOf(el)}`);
    checked += 1;
  }
  if (checked < 10) faults.push(`only ${checked} texts on the page`);
  return [...new Set(faults)];
}
