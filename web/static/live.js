/* Keeps an open page up to date: asks for it again while somebody looks at it, and exchanges the parts that changed
   ([data-live], by name). What is being read stays where it is; parts in use (focus, selection, what was typed) wait for the next time. */
(() => {
  "use strict";
  const body = document.body;
  const every = Number(body.dataset.renew) * 1000;
  if (!every) return;
  let tag = null;
  let timer = 0;
  let failures = 0;

  const parts = (root) => new Map([...root.querySelectorAll("[data-live]")].map((one) => [one.dataset.live, one]));

  const inUse = (part) => {
    const selected = document.getSelection();
    const marked = selected && !selected.isCollapsed && part.contains(selected.anchorNode);
    const typed = [...part.querySelectorAll("input, textarea")].some((one) => one.value !== one.defaultValue);
    return part.contains(document.activeElement) || marked || typed || part.querySelector("dialog[open]");
  };

  /* The first part in sight, and where: it is put back there after an exchange above it. */
  const anchor = () => {
    const found = [...document.querySelectorAll("[data-live]")].find((one) => one.getBoundingClientRect().bottom > 0);
    return found && { name: found.dataset.live, top: found.getBoundingClientRect().top };
  };

  const unfolded = (part) => [...part.querySelectorAll("details")].map((one) => one.open);

  function exchange(fresh) {
    const [old, now] = [parts(document), parts(fresh)];
    const same = [...old.keys()].join() === [...now.keys()].join();
    if (!same) {
      // A part came or went: the page is another one. It is loaded anew unless something is in use.
      if (![...old.values()].some(inUse) && scrollY === 0) location.reload();
      return;
    }
    const held = anchor();
    let changed = false;
    let waiting = false;
    for (const [name, part] of old) {
      const next = now.get(name);
      const open = unfolded(part);
      next.querySelectorAll("details").forEach((one, index) => { one.open = open[index] ?? one.open; });
      if (part.innerHTML === next.innerHTML) continue;
      if (inUse(part)) { waiting = true; continue; }
      const copy = document.importNode(next, true);
      if (!part.hasAttribute("data-quiet")) { copy.classList.add("renewed"); changed = true; }
      part.replaceWith(copy);
    }
    const kept = held && document.querySelector(`[data-live="${CSS.escape(held.name)}"]`);
    if (kept && scrollY > 0) scrollBy(0, kept.getBoundingClientRect().top - held.top);
    const said = document.getElementById("renewed");
    if (changed && said) { said.textContent = ""; said.textContent = said.dataset.text; }
    if (waiting) tag = null;
  }

  async function look() {
    const headers = tag ? { "If-None-Match": tag } : {};
    try {
      const answer = await fetch(location.href, { headers, credentials: "same-origin", cache: "no-store" });
      failures = 0;
      if (answer.redirected) { location.reload(); return; }
      if (answer.status === 200) {
        tag = answer.headers.get("ETag");
        exchange(new DOMParser().parseFromString(await answer.text(), "text/html"));
      }
    } catch {
      failures += 1; // Off the net: asked again later, and later still.
    }
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(look, every * 2 ** Math.min(failures, 4));
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) look();
  });
  plan();
})();
