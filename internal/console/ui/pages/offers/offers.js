(() => {
  // Boxes: one for all, x for the row at hand, and how many are ticked.
  const boxes = () => [...document.querySelectorAll('input[name="id"]')];
  const count = () => {
    const all = boxes(), n = all.filter((b) => b.checked).length;
    const out = document.querySelector(".bulk .picked"), head = document.querySelector("[data-all]");
    if (out) out.textContent = n + " selected";
    if (head) { head.checked = n > 0 && n === all.length; head.indeterminate = n > 0 && n < all.length; }
  };
  document.addEventListener("change", (e) => {
    if (e.target.matches("[data-all]")) for (const b of boxes()) b.checked = e.target.checked;
    if (e.target.matches('[data-all], input[name="id"]')) count();
  });
  document.addEventListener("keydown", (e) => {
    if (e.key !== "x" || e.ctrlKey || e.metaKey || e.altKey || e.target.closest?.("input, textarea, select")) return;
    const b = document.querySelector('tr.cur input[name="id"]');
    if (b) { b.checked = !b.checked; count(); }
  });
  document.addEventListener("htmx:after:swap", count);
  addEventListener("pageshow", count);
})();
