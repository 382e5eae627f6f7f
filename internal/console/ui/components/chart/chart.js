(() => {
  // Line charts by uPlot: the open bucket dashed, the period before thin, one
  // crosshair over all charts, a click on a day filters.
  const plots = new Map();
  const num = (v, d) => v == null ? "–" : v.toLocaleString("en", { minimumFractionDigits: d, maximumFractionDigits: d }).replaceAll(",", "\u202f");
  const brief = (v) => Math.abs(v) >= 1e6 ? +(v / 1e6).toFixed(1) + "M" : Math.abs(v) >= 1e4 ? +(v / 1e3).toFixed(1) + "k" : num(v, v % 1 ? 2 : 0);
  const colour = (host, cls) => {
    const p = document.createElement("span");
    p.className = "key " + cls;
    host.append(p);
    const c = getComputedStyle(p, "::before").borderTopColor;
    p.remove();
    return c;
  };
  const alpha = (c, a) => `color-mix(in srgb, ${c} ${a * 100}%, transparent)`;
  const draw = (fig) => {
    const json = fig.dataset.chart, box = fig.querySelector(".plot"), at = fig.querySelector(".at");
    const old = plots.get(box), width = box.clientWidth;
    if (!width || !window.uPlot) return;
    const theme = getComputedStyle(document.documentElement).colorScheme + matchMedia("(prefers-color-scheme: dark)").matches;
    if (old && old.json === json && old.width === width && old.theme === theme) return;
    const d = JSON.parse(json), last = d.open;
    const css = getComputedStyle(box);
    const cap = fig.querySelector("figcaption");
    const grid = colour(cap, "grid"), text = css.color;
    const fmt = (t, o) => new Intl.DateTimeFormat("en-GB", { timeZone: d.tz, ...o }).format(new Date(t * 1000));
    const name = (t) => d.hourly ? fmt(t, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }) : fmt(t, { weekday: "short", day: "numeric", month: "short" });
    const lines = d.s.filter((s) => s.class !== "prev"), prev = d.s.filter((s) => s.class === "prev");
    const data = [d.t], series = [{}];
    for (const s of prev) {
      data.push(s.v);
      series.push({ stroke: colour(cap, "prev"), width: 1, points: { show: false } });
    }
    for (const s of lines) {
      const c = colour(cap, s.class), solo = d.t.length < 2;
      data.push(s.v.map((v, i) => (last > 0 && i > last - 1 ? null : v)));
      series.push({ stroke: c, width: 1.75, fill: s === lines[0] ? alpha(c, 0.07) : undefined, points: { show: solo } });
      if (last > 0) { // the unfinished bucket hangs on a dashed piece
        data.push(s.v.map((v, i) => (i === last || i === last - 1 ? v : null)));
        series.push({ stroke: c, width: 1.75, dash: [4, 4], fill: s === lines[0] ? alpha(c, 0.07) : undefined, points: { show: false } });
      }
    }
    const say = (i) => {
      if (i == null) { at.textContent = ""; return; }
      at.textContent = name(d.t[i]) + (i === last ? " (so far)" : "") + "  " + d.s.map((s) => `${s.label} ${num(s.v[i], d.digits)}`).join("  ");
    };
    const axis = { stroke: text, font: "11px " + css.fontFamily, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
    const opts = {
      width, height: box.clientHeight, legend: { show: false }, padding: [8, 22, 0, 0],
      cursor: { y: false, sync: { key: "home" }, drag: { x: false, y: false }, points: { size: 6 } },
      scales: { x: { time: true }, y: { range: (u, lo, hi) => [Math.min(0, lo || 0), Math.max(hi || 0, 1) * 1.08] } },
      axes: [
        { ...axis, grid: { show: false }, space: 64, size: 26, splits: (u) => { const n = Math.max(1, Math.ceil(d.t.length / Math.max(2, Math.floor(width / 72)))); return d.t.filter((_, i) => i % n === 0); },
          values: (u, ts) => ts.map((t) => d.hourly ? fmt(t, { hour: "2-digit", minute: "2-digit" }) : fmt(t, { day: "numeric", month: "short" })) },
        { ...axis, size: (u, vs) => vs ? 10 + Math.max(...vs.map((v) => String(v).length)) * 6.5 : 40, space: 40, values: (u, vs) => vs.map((v) => v == null ? "" : brief(v)) },
      ],
      series, hooks: { setCursor: [(u) => say(u.cursor.idx)] },
    };
    old?.plot.destroy();
    box.replaceChildren();
    const plot = new uPlot(opts, data, box);
    if (d.link) plot.over.addEventListener("click", () => {
      const i = plot.cursor.idx;
      if (i != null) location.href = d.link.replaceAll("{day}", new Intl.DateTimeFormat("en-CA", { timeZone: d.tz }).format(new Date(d.t[i] * 1000)));
    });
    plots.set(box, { plot, json, width, theme });
  };
  const drawAll = () => document.querySelectorAll("[data-chart]").forEach(draw);
  document.addEventListener("DOMContentLoaded", drawAll);
  document.addEventListener("htmx:after:swap", drawAll);
  addEventListener("resize", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
})();
