/* Photos: opened on top of the page ([data-photo]), compared under a slider ([data-compare]), and said to be lost where
   they are ([data-lost]). Without it the links lead to pages of their own, and the views are chosen by their buttons. */
(() => {
  "use strict";
  const dialog = document.getElementById("closeup");

  async function show(address) {
    try {
      const answer = await fetch(address, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const wanted = [page.querySelector("figure.photo"), page.querySelector("main nav.paging")];
      wanted[0].querySelector("h1")?.remove();
      for (const one of page.querySelectorAll("figure.photo img")) one.loading = "eager";
      dialog.querySelector("div").replaceChildren(...wanted.filter(Boolean).map((one) => document.importNode(one, true)));
      if (!dialog.open) dialog.showModal();
    } catch {
      location.href = address; // Its own page says what is wrong.
    }
  }

  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    const link = event.target.closest("a[data-photo], #closeup nav a");
    if (dialog && plain && link) {
      event.preventDefault();
      show(link.href);
    } else if (event.target === dialog) {
      dialog.close();
    }
  });
  dialog?.addEventListener("keydown", (event) => {
    const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
    dialog.querySelector(rel ? `nav a[rel="${rel}"]` : ":not(*)")?.click();
  });

  for (const box of document.querySelectorAll("[data-compare]")) {
    const slide = box.querySelector('[value="slide"]');
    const range = box.querySelector('[type="range"]');
    const cut = () => box.style.setProperty("--cut", `${100 - range.value}%`);
    slide.closest("label").hidden = false;
    slide.checked = true;
    range.addEventListener("input", cut);
    cut();
  }

  function lost(picture) {
    const text = document.createElement("span");
    text.className = "lost";
    text.textContent = picture.dataset.lost;
    picture.replaceWith(text);
  }
  document.addEventListener("error", (event) => {
    if (event.target.dataset?.lost) lost(event.target);
  }, true);
  for (const picture of document.querySelectorAll("img[data-lost]")) {
    if (picture.complete && picture.naturalWidth === 0) lost(picture);
  }
})();
