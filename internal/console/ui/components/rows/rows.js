(() => {
  // Lists of rows: add, remove, paste; Enter goes a row down and makes one at the end.
  const init = (box) => {
    const body = box.querySelector("tbody"), blank = body.querySelector(".spare");
    if (!blank) return;
    for (const s of [...body.querySelectorAll(".spare")]) s.remove();
    blank.classList.remove("spare");
    let next = 1e4;
    const rows = () => [...body.querySelectorAll("tr:not(.lead)")];
    const changed = () => box.dispatchEvent(new Event("input", { bubbles: true }));
    const add = () => {
      if (rows().length >= +box.dataset.max) return null;
      const tr = blank.cloneNode(true);
      for (const e of tr.querySelectorAll("[name]")) { e.name = e.name.replace(/\.\d+\./, `.${next}.`); e.id = e.id.replace(/-\d+-/, `-${next}-`); }
      next++;
      body.append(tr);
      return tr;
    };
    const cell = (tr, n) => tr?.querySelectorAll("input, select")[n || 0]?.focus();
    box.addEventListener("click", (e) => {
      const b = e.target.closest("button");
      if (!b) return;
      if ("add" in b.dataset) { cell(add()); changed(); }
      if ("remove" in b.dataset) {
        const tr = b.closest("tr"), near = tr.nextElementSibling || tr.previousElementSibling;
        tr.remove();
        (near?.querySelector("[data-remove]") || box.querySelector("[data-add]")).focus();
        changed();
      }
      if ("paste" in b.dataset) {
        const [area, param] = box.querySelectorAll(".bulk textarea, .bulk input");
        const left = [];
        for (const line of area.value.split("\n").map((l) => l.trim()).filter(Boolean)) {
          const tr = left.length ? null : add();
          if (!tr) { left.push(line); continue; }
          const m = line.match(/^(.+)[|\t]([^|\t]*)$/);
          const v = { value: (m ? m[1] : line).trim(), weight: m ? m[2].trim() : "", param: param.value.trim() };
          for (const i of tr.querySelectorAll("input")) i.value = v[i.name.split(".").pop()] ?? "";
        }
        area.value = left.join("\n");
        changed();
      }
    });
    body.addEventListener("keydown", (e) => {
      if (e.key !== "Enter" || !e.target.matches("input, select") || e.ctrlKey || e.metaKey) return;
      e.preventDefault();
      const tr = e.target.closest("tr"), n = [...tr.querySelectorAll("input, select")].indexOf(e.target), all = rows(), at = all.indexOf(tr);
      if (all[at + 1]) cell(all[at + 1], n);
      else { cell(add()); changed(); }
    });
  };
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-rows]").forEach(init));
})();
