(() => {
  // Copy buttons say that they did it.
  const check = '<path d="M20 6 9 17l-5-5"/>';
  document.addEventListener("click", async (e) => {
    const b = e.target.closest("[data-copy]");
    if (!b) return;
    e.preventDefault();
    const text = b.dataset.copy;
    try { await navigator.clipboard.writeText(text); }
    catch {
      // Plain http has no clipboard: select the text, so that Ctrl-C does it.
      const i = b.parentElement.querySelector("input") || Object.assign(document.body.appendChild(document.createElement("textarea")), { value: text });
      i.focus(); i.select();
      const ok = document.execCommand("copy");
      if (i.tagName === "TEXTAREA") i.remove();
      if (!ok) return;
    }
    const svg = b.querySelector("svg"), old = svg.innerHTML;
    if (b.classList.contains("done")) return;
    b.classList.add("done"); b.setAttribute("aria-label", "Copied"); svg.innerHTML = check;
    setTimeout(() => { b.classList.remove("done"); b.setAttribute("aria-label", "Copy"); svg.innerHTML = old; }, 1400);
  });
  document.addEventListener("focusin", (e) => { if (e.target.matches?.(".copy input")) e.target.select(); });
})();
