// Behaviour of the frame: the address holds the state of the dashboard; this script keeps page and address in sync.
const dashboard = (() => {
  const root = document.documentElement;
  const each = (selector, act, scope = document) => scope.querySelectorAll(selector).forEach(act);
  const here = () => new URLSearchParams(location.search);

  // Change some parameters of the address ("" removes one).
  function go(changes) {
    const query = here();
    for (const [name, value] of Object.entries(changes)) value ? query.set(name, value) : query.delete(name);
    open(`?${query}`);
  }

  const address = (query) => (query === "?" ? location.pathname : query);

  function open(query) {
    if (query !== (location.search || "?")) history.pushState(null, "", address(query));
    follow();
  }

  // On a phone the tabs scroll sideways: keep the current one visible.
  function showTab() {
    const tab = document.querySelector("nav a[aria-current]");
    if (!tab) return;
    const tabs = tab.parentElement;
    const left = tab.offsetLeft - tabs.offsetLeft;
    tabs.scrollLeft = Math.min(left, Math.max(tabs.scrollLeft, left + tab.offsetWidth - tabs.clientWidth));
  }

  function follow() {
    const query = here();
    const page = query.get("page") ?? "overview";
    each("select[data-param]", (el) => { el.value = query.get(el.dataset.param) ?? ""; });
    each(".card[data-metric] .card-choice", (el) => {
      const isChosen = el.closest(".card").dataset.metric === (query.get("metric") ?? "sessions");
      el.setAttribute("aria-pressed", isChosen);
    });
    each("a[data-page]", (el) => {
      const to = here();
      ["page", ...document.body.dataset.options.split(" ")].forEach((name) => to.delete(name));
      if (el.dataset.page !== "overview") to.set("page", el.dataset.page);
      el.href = `?${to}`;
    });
    each("nav a[data-page]", (el) => {
      if (el.dataset.page !== page) { el.removeAttribute("aria-current"); return; }
      el.setAttribute("aria-current", "page");
      document.title = `${el.textContent} · Clickstream`;
    });
    showTab();
    each(".page", (el) => {
      if (el.hidden === (el.dataset.page !== page)) return;
      el.hidden = el.dataset.page !== page;
      $(el).trigger(el.hidden ? "hidden" : "shown");
    });
    window.Shiny?.setInputValue?.(".clientdata_url_search", location.search);
    showExplain(query);
  }

  // Explain: the definition is on the page and shows at once; the server fills in the rest.
  const closed = { explain: "", at: "", value: "" };
  let explained = "";
  function showExplain(query) {
    const sheet = document.getElementById("explain");
    const key = Object.keys(closed).map((name) => query.get(name) ?? "").join("\n");
    if (key === explained) return;
    const output = document.getElementById(query.get("explain") ?? "");
    const panel = output?.closest(".panel, .card") ?? output?.querySelector(".panel, .card"); // the server may draw it
    explained = panel || !output ? key : "";
    if (!panel) {
      if (sheet.open) { sheet.close(); $(sheet).trigger("hidden"); }
      return;
    }
    sheet.querySelector("h2").textContent = titleOf(panel);
    document.getElementById("explain-definition").textContent = panel.querySelector(".definition")?.textContent ?? "";
    document.getElementById("raw_line").replaceChildren();
    document.getElementById("explained").replaceChildren(...Array.from({ length: 6 }, () =>
      Object.assign(document.createElement("div"), { className: "skeleton row-skeleton" })));
    sheet.scrollTop = 0;
    if (sheet.open) return;
    sheet.showModal();
    sheet.querySelector("h2").focus();
    $(sheet).trigger("shown");
  }
  // A title may hold select boxes: they stand for what they show.
  function titleOf(panel) {
    const copy = panel.querySelector("h2").cloneNode(true);
    const shown = [...panel.querySelectorAll("h2 select")].map((el) => el.selectedOptions[0]?.textContent ?? "");
    each("select", (el) => el.replaceWith(` ${shown.shift()} `), copy);
    each(".unit, .unseen", (el) => el.remove(), copy);
    return copy.textContent.replace(/\s+/g, " ").trim();
  }

  const actions = {
    theme() {
      const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      const next = (root.dataset.theme ?? system) === "dark" ? "light" : "dark";
      if (next === system) { delete root.dataset.theme; localStorage.removeItem("theme"); }
      else { root.dataset.theme = next; localStorage.setItem("theme", next); }
    },
    explain(button) {
      const panel = button.closest(".panel, .card");
      const output = panel.querySelector(":scope > .shiny-html-output, :scope > .echart") ?? panel.closest(".shiny-html-output");
      if (output) go({ ...closed, explain: output.id });
    },
    "explain-close": () => go(closed),
    "raw-line": (button) => Shiny.setInputValue("raw_line", { row: button.value }, { priority: "event" }),
    retry: () => Shiny.setInputValue("retry", Date.now()),
    copy(button) {
      navigator.clipboard?.writeText(button.previousElementSibling.textContent);
      button.textContent = "Copied";
    },
    table(button) {
      const isShown = button.closest(".panel").classList.toggle("with-table");
      button.textContent = isShown ? "Hide table" : "Show as table";
    },
    csv(button) {
      const panel = button.closest(".panel");
      const csv = panel.querySelector("[data-csv]")?.dataset.csv ?? echartOf(panel.querySelector(".echart"))?.data.csv;
      if (csv) save(button, "csv", URL.createObjectURL(new Blob([csv], { type: "text/csv" })));
      else fetched(button, "csv");
    },
    parquet: (button) => fetched(button, "parquet"),
    png(button) {
      const chart = echartOf(button.closest(".panel").querySelector(".echart"));
      const backgroundColor = getComputedStyle(button.closest(".panel")).backgroundColor;
      if (chart) save(button, "png", chart.drawn.getDataURL({ pixelRatio: 2, backgroundColor }));
    },
    keys() {
      each("details.menu[open]", (el) => { el.open = false; });
      keys.showModal();
    },
    close: (button) => button.closest("dialog").close(),
    "keys-off"(button) {
      const isOff = localStorage.getItem("keys") !== "off";
      if (isOff) localStorage.setItem("keys", "off"); else localStorage.removeItem("keys");
      showKeys(button);
    },
    full: (button) => button.closest(".panel").requestFullscreen?.(),
    input: (button) => Shiny.setInputValue(button.dataset.input, Date.now()),
    dimension(button) {
      each("[data-action=dimension]", (el) => el.setAttribute("aria-pressed", el === button));
      Shiny.setInputValue("dimension", button.value);
      const body = button.closest(".menu-body");
      body.classList.toggle("with-segment", button.value === "segment");
      each(".shiny-html-output", (el) => $(el).trigger(el.offsetParent ? "shown" : "hidden"), body);
      if (button.value === "segment") body.querySelector("[data-segment]").focus();
    },
    segment(button) {
      const box = document.querySelector("[data-segment]");
      box.value = button.value;
      box.focus();
      Shiny.setInputValue("segment", box.value);
    },
  };

  // Download the answer behind a panel from the server (answers/download.py): all its rows, not only those shown.
  function fetched(button, ending) {
    const found = button.closest(".panel").querySelector("[data-export]")?.dataset.export;
    if (found) save(button, ending, `download/${found.replace("?", `.${ending}?`)}`);
  }

  // The title of a panel as words: of a select box the chosen option.
  function titleOf(panel) {
    const parts = [...panel.querySelector("h2").childNodes].map((part) =>
      part.classList?.contains("unit") ? "" : part.querySelector?.("select")?.selectedOptions[0].text ?? part.textContent);
    return parts.join(" ").trim();
  }

  // The rule in the box is checked by the server while it is written; Enter applies it once it was found valid.
  let checking;
  document.addEventListener("input", ({ target }) => {
    if (target.dataset.segment === undefined) return;
    clearTimeout(checking);
    checking = setTimeout(() => Shiny.setInputValue("segment", target.value), 250);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.target.dataset.segment === undefined) return;
    event.preventDefault();
    const apply = document.querySelector(".segment-check a[data-text]");
    if (apply?.dataset.text === event.target.value.trim()) apply.click();
  });

  function save(button, ending, address) {
    const title = titleOf(button.closest(".panel")).toLowerCase();
    const link = Object.assign(document.createElement("a"), { href: address });
    link.download = `${title.replace(/[^a-z0-9]+/g, "-")}.${ending}`;
    link.click();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='?']");
    const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey);
    if (link && isPlain) {
      event.preventDefault();
      open(link.getAttribute("href"));
    }
    const card = event.target.closest(".card[data-metric]"); // chooses the figure of the chart
    const control = event.target.closest("a, button, summary, details, dialog");
    if (card && (!control || control.matches(".card-choice"))) {
      go({ metric: card.dataset.metric === "sessions" ? "" : card.dataset.metric });
    }
    if (event.target.id === "explain") go(closed); // a click beside the panel
    const button = event.target.closest("[data-action]");
    if (button) actions[button.dataset.action](button);
    each("details.menu[open]", (el) => {
      const isInside = el.contains(event.target);
      const isDone = isInside && (button?.closest(".chart-menu, .file-menu") || link?.closest(".dates, .segment-check"));
      if (!isInside || isDone) el.open = false;
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    each("details.menu[open]", (el) => { el.open = false; el.querySelector("summary").focus(); });
  });
  // Keys (frame.py lists them): a period, or its neighbour. Never while typing, and not with a modifier.
  const keys = document.getElementById("keys");
  const periods = { t: "today", 7: "7d", 3: "30d", 9: "90d" };
  const steps = { p: "previous", n: "next" };
  function showKeys(button) {
    const isOff = localStorage.getItem("keys") === "off";
    button.setAttribute("aria-pressed", isOff);
    button.textContent = isOff ? "Turn keys on" : "Turn keys off";
  }
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, select, textarea, [contenteditable], dialog");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "?") { event.preventDefault(); actions.keys(); return; }
    if (localStorage.getItem("keys") === "off" || document.querySelector("dialog[open]")) return;
    if (Object.hasOwn(periods, event.key)) go({ period: periods[event.key], from: "", to: "" });
    if (Object.hasOwn(steps, event.key)) document.querySelector(`[data-step=${steps[event.key]}][href]`)?.click();
  });

  document.addEventListener("change", ({ target }) => {
    if (target.dataset.param) go({ [target.dataset.param]: target.value });
  });
  document.addEventListener("input", ({ target }) => {
    if (target.dataset.search === undefined) return;
    const wanted = target.value.toLowerCase();
    each("li", (el) => { el.hidden = !el.textContent.toLowerCase().includes(wanted); }, target.closest(".menu-body"));
  });
  document.addEventListener("submit", (event) => {
    event.preventDefault();
    const { append, fallback } = event.target.dataset; // a form that adds to a list in the address
    const fields = Object.fromEntries(new FormData(event.target));
    if (append) go({ [append]: `${here().get(append) ?? fallback},${fields.value}` });
    else go({ period: "", to: "", ...fields });
    event.target.closest("details")?.removeAttribute("open");
  });
  // Shiny fills visible outputs only: notify it when a menu opens or closes.
  document.addEventListener("toggle", ({ target }) => {
    $(target).trigger(target.open ? "shown" : "hidden");
    if (target.id === "add-filter") {
      Shiny.setInputValue("dimension", target.open ? target.querySelector("[aria-pressed=true]").value : "");
    }
    const body = target.open && target.querySelector(".menu-body");
    if (!body) return;
    body.classList.remove("flip");
    body.classList.toggle("flip", body.getBoundingClientRect().right > root.clientWidth);
  }, true);
  document.addEventListener("close", ({ target }) => { if (target.id === "explain") go(closed); }, true); // Esc
  addEventListener("popstate", follow);
  document.addEventListener("DOMContentLoaded", () => {
    follow();
    const filters = document.querySelector(".filters");
    const measure = () => root.style.setProperty("--filters-height", `${filters.offsetHeight}px`);
    new ResizeObserver(measure).observe(filters);
    new ResizeObserver(showTab).observe(document.querySelector(".top nav"));
  });

  // Show a raw line that arrives: it may be below the rows.
  $(document).on("shiny:value", ({ name }) => {
    if (here().has("explain")) setTimeout(() => showExplain(here()), 60); // its panel may be on the page only now
    if (name === "raw_line") setTimeout(() => document.querySelector("[data-key=raw-line]")?.focus(), 60);
  });

  // Restore the focus after the focused element was replaced.
  $(document).on("shiny:value", () => {
    const key = document.activeElement?.dataset?.key;
    if (!key) return;
    setTimeout(() => {
      if (document.activeElement === document.body) document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
    }, 60);
  });
  // The page Live is kept current only while it is seen.
  const noteSeen = () => window.Shiny?.setInputValue?.("is_seen", !document.hidden);
  document.addEventListener("visibilitychange", noteSeen);

  $(document).on("shiny:connected", () => {
    noteSeen();
    Shiny.addCustomMessageHandler("address", ({ query }) => {
      history.replaceState(null, "", address(query));
      follow();
    });
  });

  // After a lost connection the content stays, with a banner; the page reloads when the server responds again.
  let isLeaving = false;
  addEventListener("beforeunload", () => { isLeaving = true; });
  $(document).on("shiny:disconnected", () => {
    if (isLeaving) return;
    document.getElementById("disconnected").hidden = false;
    each("live-dot", (el) => el.replaceWith(Object.assign(document.createElement("i"), { className: "dot" })));
    const again = () => fetch(location.href, { method: "GET" }).then(() => location.reload(), () => setTimeout(again, 3000));
    setTimeout(again, 3000);
  });

  // An element that updates every second.
  class Ticking extends HTMLElement {
    connectedCallback() {
      this.show();
      this.timer = setInterval(() => this.show(), 1000);
    }
    disconnectedCallback() {
      clearInterval(this.timer);
    }
  }
  // <time-ago datetime> shows the age of an instant, <live-dot datetime> shows it as a colour.
  customElements.define("time-ago", class extends Ticking {
    show() {
      const age = Math.max(0, Math.round((Date.now() - Date.parse(this.getAttribute("datetime"))) / 1000));
      const [size, unit] = age < 60 ? [1, "s"] : age < 3600 ? [60, "m"] : age < 172800 ? [3600, "h"] : [86400, "d"];
      this.textContent = `${Math.floor(age / size)} ${unit} ago`;
    }
  });
  customElements.define("live-dot", class extends Ticking {
    show() {
      const age = (Date.now() - Date.parse(this.getAttribute("datetime"))) / 1000;
      this.dataset.level = Number.isNaN(age) ? "none" : age < 120 ? "good" : age < 5400 ? "late" : "dead";
    }
  });
  // The characters of a text as a reader sees them: an emoji or a letter with its accents is never split.
  const segmenter = new Intl.Segmenter("en");
  const characters = (text) => [...segmenter.segment(text)].map(({ segment }) => segment);

  // <long-name>: a name that is shortened in its middle. The style sheet truncates the first part.
  class LongName extends HTMLElement {
    connectedCallback() {
      if (this.firstElementChild) return;
      const text = this.name(this.textContent);
      const parts = characters(text);
      if (parts.length <= 8) { this.textContent = text; return; }
      let half = parts.length - 5;
      if (parts[half] === " ") half += 1;
      this.replaceChildren(...[parts.slice(0, half), parts.slice(half)].map((part) =>
        Object.assign(document.createElement("span"), { textContent: part.join("") })));
      this.title = text;
    }
    name(text) {
      return text;
    }
  }
  customElements.define("long-name", LongName);
  // <region-name>PL</region-name>: shows the country's name.
  const regions = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });
  customElements.define("region-name", class extends LongName {
    name(code) {
      return /^[A-Z]{2}$/.test(code) ? regions.of(code) : code;
    }
  });
  return { go, open, characters };
})();
