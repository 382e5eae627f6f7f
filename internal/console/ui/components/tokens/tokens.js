(() => {
  // Tokens go in at the caret; the list is searched by name, other spelling and help.
  const insert = (into, text) => {
    into.focus();
    into.setRangeText(text, into.selectionStart, into.selectionEnd, "end");
    into.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const init = (box) => {
    const into = document.querySelector(`[name="${box.dataset.tokens}"]`);
    if (!into) return;
    for (const c of box.querySelectorAll(".quick code, .row > code")) {
      const b = document.createElement("button");
      b.type = "button"; b.textContent = c.textContent; b.title = c.title;
      b.addEventListener("click", () => insert(into, b.textContent));
      c.replaceWith(b);
    }
    const search = box.querySelector("input[type=search]"), list = box.querySelector(".list");
    search.hidden = false;
    search.addEventListener("input", (e) => {
      e.stopPropagation(); // it is not part of the form
      const words = search.value.toLowerCase().split(/[\s{}]+/).filter(Boolean);
      let any = false;
      for (const s of list.querySelectorAll("section")) {
        let some = false;
        for (const r of s.querySelectorAll(".row")) {
          const text = (r.textContent + " " + r.dataset.also).toLowerCase();
          r.hidden = !words.every((w) => text.includes(w));
          some ||= !r.hidden;
        }
        s.hidden = !some;
        any ||= some;
      }
      list.querySelector(".none").hidden = any;
    });
    search.addEventListener("keydown", (e) => {
      if (e.key !== "Enter") return;
      e.preventDefault();
      list.querySelector(".row:not([hidden]) button")?.click();
    });
    box.querySelector("details").addEventListener("toggle", (e) => e.target.open && search.focus({ preventScroll: true }));
  };
  // What the server remarked upon while previewing goes to its field.
  const notes = () => {
    for (const live of document.querySelectorAll("[data-live]")) {
      const n = document.querySelector(`[data-note="${live.dataset.live}"]`);
      if (!n) continue;
      // While what was refused still stands there, its error says it already.
      const of = document.querySelector(`[name="${live.dataset.live}"]`);
      const said = live.parentElement.querySelector(":scope > .err") && of?.value === of?.defaultValue;
      live.className = "live " + n.dataset.tone;
      live.textContent = said ? "" : n.textContent;
      if (n.dataset.code && !said) live.append(" ", Object.assign(document.createElement("code"), { textContent: n.dataset.code }));
      if (n.dataset.bad) {
        const b = Object.assign(document.createElement("button"), { type: "button", className: "fix", textContent: `Use ${n.dataset.good}}` });
        b.addEventListener("click", () => {
          const into = document.querySelector(`[name="${live.dataset.live}"]`), at = into.value.indexOf(n.dataset.bad);
          if (at < 0) return;
          into.setSelectionRange(at, at + n.dataset.bad.length);
          insert(into, n.dataset.good);
        });
        live.append(" ", b);
      }
    }
  };
  // Choosing a template fills in what is empty or came from another template.
  const fill = (select) => {
    const filled = new Map();
    select.addEventListener("change", () => {
      for (const [name, value] of new URLSearchParams(select.selectedOptions[0]?.dataset.fill || "")) {
        const f = select.form.elements[name];
        const ours = f?.value === filled.get(name); // put there by the template chosen before
        const first = (e) => e.defaultValue ?? (e.querySelector("[selected]") || e.options[0])?.value; // what the form came with
        if (!f || !ours && (!value || f.value && f.value !== first(f))) continue;
        f.value = value;
        filled.set(name, value);
      }
      select.dispatchEvent(new Event("input", { bubbles: true }));
    });
  };
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-tokens]").forEach(init);
    document.querySelectorAll("select:has([data-fill])").forEach(fill);
    notes();
  });
  document.addEventListener("htmx:after:swap", notes);
})();
