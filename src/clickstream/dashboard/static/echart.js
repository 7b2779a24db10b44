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
    return box;
  }

  function paint(chart) {
    const option = painted(chart.data.option);
    const body = getComputedStyle(document.body);
    option.textStyle = { fontFamily: body.fontFamily };
    option.animation = !still.matches;
    option.animationDuration = option.animationDurationUpdate = 250;
    option.aria = { enabled: true, label: { description: chart.data.label } };
    if (option.yAxis) option.yAxis.axisLabel.formatter = (value) => tick(value, chart.data.kind);
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
    data.head.forEach((text) => element("th", text, head).setAttribute("scope", "col"));
    const body = element("tbody", null, made);
    data.rows.forEach((row, number) => {
      const line = element("tr", null, body);
      row.forEach((text, index) => {
        const link = index ? data.links[number]?.[index - 1] : "";
        const cell = element(index ? "td" : "th", link ? null : text, line);
        if (link) element("a", text, cell).setAttribute("href", link);
      });
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
  $(document).on("shiny:unbound", (event) => charts.has(event.target) && stop(event.target));
  Shiny.outputBindings.register(new EchartBinding(), "clickstream.echart");
})();
