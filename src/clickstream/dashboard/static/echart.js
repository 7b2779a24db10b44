// The output binding that draws a Chart (charts/output.py) with ECharts.
// Colours are names of CSS variables; they are resolved here, and again when the theme changes.
(() => {
  const charts = new Map();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const probe = document.createElement("i");

  function painted(value) {
    if (typeof value === "string" && value.startsWith("var(")) {
      probe.style.color = value;
      return getComputedStyle(probe).color;
    }
    if (Array.isArray(value)) return value.map(painted);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, painted(inner)]));
  }

  function tick(value, kind) {
    if (kind === "percent") return `${+(value * 100).toFixed(1)} %`;
    if (kind === "seconds") return value < 120 ? `${value} s` : `${+(value / 60).toFixed(1)} m`;
    const [size, letter] = value >= 1e6 ? [1e6, " M"] : value >= 1e4 ? [1e3, " k"] : [1, ""];
    return (value / size).toLocaleString("en", { maximumFractionDigits: 4 }) + letter;
  }

  // A name in a legend or tooltip, shortened in the middle to `length` characters.
  function shortName(name, length) {
    const tail = (length >> 1) - 1;
    const parts = dashboard.characters(name);
    if (parts.length <= length) return name;
    return `${parts.slice(0, length - 1 - tail).join("")}…${parts.slice(-tail).join("")}`;
  }

  function element(name, text, parent, className = "") {
    const made = document.createElement(name);
    if (text !== null) made.textContent = text;
    if (className) made.className = className;
    parent?.append(made);
    return made;
  }

  // Notes on days (clickstream note): every chart over time, which has `ranges`, marks them.
  let notes = [];

  // The notes of a chart, numbered by day, each with the index of its bucket.
  function notesOf({ ranges }) {
    return notes
      .map((note) => ({ ...note, index: ranges.findIndex(([first, end]) => first <= note.day && note.day < end) }))
      .filter(({ index }) => index >= 0)
      .map((note, position) => ({ ...note, number: position + 1 }));
  }

  const notesAt = (data, index) => notesOf(data).filter((note) => note.index === index);

  // Series that draw the vertical lines of the notes, on an axis from 0 to 1. The legend does not have them, so that
  // nothing hides them; the tooltip leaves them out.
  function noteLines(found) {
    return [...new Set(found.map(({ index }) => index))].map((index) => {
      const numbers = found.filter((note) => note.index === index).map(({ number }) => number);
      const label = {
        show: true, position: "top", distance: 0, fontSize: 11, lineHeight: 16, padding: [0, 6], borderRadius: 8,
        formatter: numbers.length > 2 ? `${numbers[0]}–${numbers.at(-1)}` : numbers.join(", "),
        color: "var(--panel)", backgroundColor: "var(--muted)",
      };
      return {
        type: "line", name: `note ${index}`, yAxisIndex: 1, silent: true, tooltip: { show: false }, symbol: "none",
        showSymbol: true, lineStyle: { color: "var(--muted)", width: 1 }, itemStyle: { color: "var(--muted)" },
        data: [{ value: [index, 0] }, { value: [index, 1], symbol: "circle", symbolSize: 5, label }],
      };
    });
  }

  // The notes below the chart, readable without a pointer.
  function noteList(el, data) {
    el.parentElement.querySelector(":scope > .chart-notes")?.remove();
    const found = notesOf(data);
    if (!found.length) return;
    const list = element("ol", null, null, "chart-notes");
    list.setAttribute("aria-label", "Notes on days of this chart");
    for (const { date, text, number } of found) {
      const line = element("li", null, list);
      element("b", String(number), line, "note-number");
      element("span", date, line, "quiet");
      element("bdi", text, line);
    }
    el.after(list);
  }

  function tip(chart, points) {
    const [title, lines] = chart.data.tips[points[0].dataIndex];
    const box = element("div", null, null, "tip");
    element("strong", title, box);
    for (const [name, value] of lines) {
      const line = element("div", null, box);
      const mark = element("i", null, line, "tip-mark");
      mark.style.background = points.find((point) => point.seriesName === name)?.color ?? "transparent";
      element("span", shortName(name, 60), line);
      element("b", value, line);
    }
    for (const { text, number } of notesAt(chart.data, points[0].dataIndex)) {
      const line = element("div", null, box, "tip-note");
      element("b", String(number), line, "note-number");
      element("bdi", shortName(text, 120), line);
    }
    return box;
  }

  function paint(chart) {
    const option = painted(chart.data.option);
    const body = getComputedStyle(document.body);
    option.textStyle = { fontFamily: body.fontFamily };
    option.animation = !still.matches;
    option.animationDuration = option.animationDurationUpdate = 250;
    option.aria = { enabled: true, label: { description: chart.data.label } };
    const noted = notesOf(chart.data);
    if (option.yAxis) option.yAxis.axisLabel.formatter = (value) => tick(value, chart.data.kind);
    if (noted.length) {
      option.series.push(...painted(noteLines(noted)));
      option.yAxis = [option.yAxis, { type: "value", min: 0, max: 1, show: false }];
      option.grid.top += 14; // room for the numbers
    }
    Object.assign(option.tooltip, painted({
      backgroundColor: "var(--panel)", borderColor: "var(--line)", textStyle: { color: "var(--text)", fontSize: 12 },
    }), { extraCssText: "box-shadow: none; border-radius: 8px", formatter: (points) => tip(chart, points), confine: true, transitionDuration: 0 });
    const canDrag = chart.data.ranges.length > 1 && matchMedia("(pointer: fine)").matches;
    option.brush = canDrag
      ? painted({ xAxisIndex: 0, brushType: "lineX", transformable: false, toolbox: [],
        brushStyle: { color: "var(--tint)", borderColor: "var(--accent)", borderWidth: 1, opacity: 0.5 } })
      : undefined;
    const chosen = chart.drawn.getOption()?.legend?.[0]?.selected;
    if (option.legend) option.legend.formatter = (name) => shortName(name, chart.drawn.getWidth() < 500 ? 14 : 28);
    if (option.legend && chosen) Object.assign(option.legend.selected, chosen); // keep hidden lines hidden
    chart.drawn.setOption(option, { replaceMerge: ["series", "legend"] });
    if (canDrag) {
      const brushOption = { brushType: "lineX", brushMode: "single" };
      chart.drawn.dispatchAction({ type: "takeGlobalCursor", key: "brush", brushOption });
    }
  }

  function table(el, data) {
    const container = el.closest(".panel")?.querySelector(".chart-table");
    if (!container) return;
    const made = document.createElement("table");
    const head = element("tr", null, element("thead", null, made));
    const hasNotes = notesOf(data).length > 0;
    data.head.forEach((text) => element("th", text, head).setAttribute("scope", "col"));
    if (hasNotes) element("th", "Note", head, "note-cell").setAttribute("scope", "col");
    const body = element("tbody", null, made);
    data.rows.forEach((row, position) => {
      const line = element("tr", null, body);
      row.forEach((text, index) => {
        const link = index ? data.links[position]?.[index - 1] : "";
        const cell = element(index ? "td" : "th", link ? null : text, line);
        if (link) element("a", text, cell).setAttribute("href", link);
      });
      if (hasNotes) element("td", notesAt(data, position).map(({ text }) => text).join(" · "), line, "note-cell");
    });
    container.replaceChildren(made);
  }

  // The address behind the point that was clicked: of several lines, the one that is nearest.
  function linkAt(chart, { offsetX, offsetY }) {
    const { drawn, data } = chart;
    if (!data.links.length || !drawn.containPixel("grid", [offsetX, offsetY])) return "";
    const [index] = drawn.convertFromPixel("grid", [offsetX, offsetY]).map(Math.round);
    const links = data.links[index] ?? [];
    if (links.length < 2) return links[0];
    const shown = drawn.getOption().legend?.[0]?.selected ?? {};
    const distances = data.head.slice(1).map((name) => {
      const values = data.option.series.filter((series) => series.name === name).map((series) => series.data[index]);
      const value = values.map((point) => point?.value ?? point).find((point) => point !== null && point !== undefined);
      if (value === undefined || shown[name] === false) return Infinity;
      return Math.abs(drawn.convertToPixel("grid", [index, value])[1] - offsetY);
    });
    return links[distances.indexOf(Math.min(...distances))];
  }

  function start(el) {
    el.replaceChildren();
    const drawn = echarts.init(element("div", null, el, "canvas"), null, { renderer: "canvas" });
    const chart = { drawn, data: null, resized: new ResizeObserver(() => drawn.resize()) };
    chart.resized.observe(el);
    drawn.on("brushEnd", ({ areas }) => {
      const range = areas[0]?.coordRange;
      if (!range) return;
      const [first, last] = range.map((index) => chart.data.ranges[Math.min(Math.max(index, 0), chart.data.ranges.length - 1)]);
      drawn.dispatchAction({ type: "brush", areas: [] });
      dashboard.go({ from: first[0], to: last[1], period: "" });
    });
    drawn.on("click", ({ seriesName, name, dataIndex }) => {
      Shiny.setInputValue(`${el.id}_click`, { seriesName, name, dataIndex }, { priority: "event" });
    });
    drawn.getZr().on("click", (point) => {
      const link = matchMedia("(pointer: fine)").matches && linkAt(chart, point);
      if (link) dashboard.open(link);
    });
    charts.set(el, chart);
    return chart;
  }

  function stop(el) {
    const chart = charts.get(el);
    chart?.resized.disconnect();
    chart?.drawn.dispose();
    charts.delete(el);
  }

  class EchartBinding extends Shiny.OutputBinding {
    find(scope) {
      return $(scope).find(".echart");
    }
    renderValue(el, data) {
      if (data?.export) el.dataset.export = data.export;
      else delete el.dataset.export;
      el.setAttribute("role", "img");
      el.setAttribute("aria-label", data?.label || data?.note || "");
      if (!data || data.note) {
        stop(el);
        noteList(el, { ranges: [] });
        const note = element("div", null, null, "chart-note");
        element("p", data?.note ?? "", note);
        if (data?.is_failure) Object.assign(element("button", "Try again", note, "button").dataset, { action: "retry" });
        el.replaceChildren(note);
        return;
      }
      const chart = charts.get(el) ?? start(el);
      chart.data = data;
      const unit = el.closest(".panel")?.querySelector(".unit");
      if (unit) unit.textContent = data.unit;
      paint(chart);
      table(el, data);
      noteList(el, data);
    }
  }

  window.echartOf = (el) => charts.get(el);
  document.addEventListener("DOMContentLoaded", () => {
    probe.hidden = true;
    document.body.append(probe);
    const repaint = () => charts.forEach(paint);
    new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    dark.addEventListener("change", repaint);
  });
  $(document).on("shiny:connected", () => {
    Shiny.addCustomMessageHandler("notes", (message) => {
      notes = message.notes;
      charts.forEach((chart, el) => {
        if (!chart.data) return;
        paint(chart);
        table(el, chart.data);
        noteList(el, chart.data);
      });
    });
  });
  $(document).on("shiny:unbound", (event) => charts.has(event.target) && stop(event.target));
  Shiny.outputBindings.register(new EchartBinding(), "clickstream.echart");
})();
