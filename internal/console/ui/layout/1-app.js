// Everything here is comfort: pages work without it. No inline code, no eval.
"use strict";
(() => {
  const $ = (s, e = document) => e.querySelector(s);
  const all = (s, e = document) => [...e.querySelectorAll(s)];
  const typing = (e) => e.target.closest?.("input, textarea, select, [contenteditable]");

  // Menus close on a click elsewhere, and on Escape.
  document.addEventListener("click", (e) => {
    for (const m of all("details.menu[open]")) if (!m.contains(e.target)) m.open = false;
  });

  // Rows open on click, unless a link, a button or a selection was meant.
  document.addEventListener("click", (e) => {
    const tr = e.target.closest("tr[data-href]");
    if (!tr || e.target.closest("a, button, input, label, summary") || String(getSelection())) return;
    if (e.ctrlKey || e.metaKey) window.open(tr.dataset.href, "_blank", "noopener");
    else location.href = tr.dataset.href;
  });

  // Keys: / search, j k rows, Enter opens, g then a letter goes, ? help.
  let row = -1;
  const rows = () => all(".main tbody tr").filter((r) => r.dataset.href);
  const move = (d) => {
    const rs = rows();
    if (!rs.length) return;
    rs[row]?.classList.remove("cur");
    row = Math.max(0, Math.min(rs.length - 1, row + d));
    rs[row].classList.add("cur");
    rs[row].scrollIntoView({ block: "nearest" });
  };
  const help = () => {
    let d = $("#keys");
    if (!d) {
      d = document.createElement("dialog");
      d.id = "keys";
      const h = document.createElement("h2");
      h.textContent = "Keyboard";
      const dl = document.createElement("dl");
      for (const [k, t] of [["/", "Search"], ["j  k", "Next and previous row"], ["Enter", "Open the row"], ["n", "New"], ["[", "Icons only"], ["Esc", "Close"], ["?", "This help"]]) {
        const dt = document.createElement("dt"), dd = document.createElement("dd"), kb = document.createElement("kbd");
        kb.textContent = k; dt.append(kb); dd.textContent = t; dl.append(dt, dd);
      }
      d.append(h, dl);
      d.addEventListener("click", (e) => e.target === d && d.close());
      document.body.append(d);
    }
    d.open ? d.close() : d.showModal();
  };
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape") {
      for (const m of all("details.menu[open]")) m.open = false;
      if (typing(e)) e.target.blur();
      return;
    }
    if ((e.key === "k" && (e.ctrlKey || e.metaKey)) || (e.key === "/" && !typing(e))) {
      const s = $("[data-search]");
      if (s) { e.preventDefault(); s.focus(); s.select(); }
      return;
    }
    if (typing(e) || e.ctrlKey || e.metaKey || e.altKey || $("dialog[open]")) return;
    if (e.key === "j") move(1);
    else if (e.key === "k") move(row < 0 ? 1 : -1);
    else if (e.key === "Enter" && row >= 0 && document.activeElement === document.body) location.href = rows()[row]?.dataset.href;
    else if (e.key === "n") $(".head .btn.primary")?.click();
    else if (e.key === "[") $('.rail button[name="rail"]')?.click();
    else if (e.key === "?") help();
  });
  for (const b of all("[data-keys]")) { b.hidden = false; b.addEventListener("click", help); }
  document.addEventListener("htmx:after:swap", () => { row = -1; });

  // A table wider than its place scrolls there, without its sticky header.
  const fit = () => {
    for (const w of all(".t-wrap:not(.tall)")) { w.classList.remove("over"); w.classList.toggle("over", w.scrollWidth > w.clientWidth + 1); }
  };
  fit();
  addEventListener("resize", fit);
  document.addEventListener("htmx:after:swap", fit);

  // Live parts rest while the page is not seen.
  document.addEventListener("htmx:before:request", (e) => {
    const src = e.detail?.ctx?.sourceElement;
    if (src?.id === "live" && (document.hidden || $("details.menu[open]") || String(getSelection()))) e.preventDefault();
  });
})();
