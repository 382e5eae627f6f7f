(() => {
  // Fields that do not apply hide; changes show and are not lost by accident.
  const apply = (form) => {
    for (const f of form.querySelectorAll("[data-when]")) {
      const [name, values] = f.dataset.when.split("=");
      const src = form.querySelector(`[name="${name}"]`);
      if (src) f.hidden = !values.split(",").includes(src.value) && !f.querySelector(".err");
    }
  };
  const init = () => {
    for (const form of document.querySelectorAll("form.form")) {
      apply(form);
      form.addEventListener("change", () => apply(form));
      form.addEventListener("input", () => form.classList.add("changed"));
      form.addEventListener("submit", () => form.classList.remove("changed"));
    }
    document.querySelector(".errs")?.scrollIntoView({ block: "nearest" });
    // Tokens go in at the caret.
    for (const box of document.querySelectorAll("[data-tokens]")) {
      const into = document.querySelector(`[name="${box.dataset.tokens}"]`);
      if (!into) continue;
      for (const c of box.querySelectorAll("code")) {
        const b = document.createElement("button");
        b.type = "button"; b.textContent = c.textContent; b.title = c.title;
        b.addEventListener("click", () => {
          into.focus();
          into.setRangeText(c.textContent, into.selectionStart, into.selectionEnd, "end");
          into.dispatchEvent(new Event("input", { bubbles: true }));
        });
        c.replaceWith(b);
      }
    }
  };
  document.addEventListener("DOMContentLoaded", init);
  addEventListener("beforeunload", (e) => { if (document.querySelector("form.form.changed")) e.preventDefault(); });
})();
