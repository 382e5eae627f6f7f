(() => {
  // Fields that do not apply hide; changes show and are not lost by accident.
  const valueOf = (form, name) => {
    const f = form.elements[name];
    return f instanceof RadioNodeList ? f.value || [...f].find((e) => e.type === "hidden")?.value || "" : f?.value ?? "";
  };
  const apply = (form) => {
    for (const f of form.querySelectorAll("[data-when]")) {
      const [name, values] = f.dataset.when.split("=");
      const is = valueOf(form, name), live = "tbody tr:not(.lead, .spare)";
      const on = values === "*" ? is !== "" : values === "#" ? form.querySelector(`[data-rows="${name}"] ${live}`) : values.split(",").includes(is);
      // What holds rows or an error stays in sight: saving would still send it.
      const full = f.matches(".rows") && f.querySelector(live);
      const off = !on && !full && !f.querySelector(".err, [aria-invalid]");
      if (f.matches(".rows")) f.classList.toggle("na", off); // its help says why
      else f.hidden = off;
      const box = f.querySelector("input[type=checkbox]");
      if (f.matches(".check") && box) box.disabled = off; // what is not there is not chosen
    }
    for (const m of form.querySelectorAll("[data-mirror]")) m.textContent = valueOf(form, m.dataset.mirror) || "–";
  };
  // A link to a folded section, or to a field in one, unfolds it.
  const unfold = () => {
    const at = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!at) return;
    const d = at.querySelector(":scope > details.more") || at.closest("details.more");
    if (d && !d.open) { d.open = true; at.scrollIntoView(); }
  };
  const init = () => {
    for (const form of document.querySelectorAll("form.form")) {
      apply(form);
      form.addEventListener("change", () => apply(form));
      form.addEventListener("input", () => { form.classList.add("changed"); apply(form); });
      form.addEventListener("submit", () => form.classList.remove("changed"));
    }
    unfold();
    document.querySelector(".errs")?.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("DOMContentLoaded", init);
  addEventListener("hashchange", unfold);
  addEventListener("beforeunload", (e) => { if (document.querySelector("form.form.changed")) e.preventDefault(); });
})();
