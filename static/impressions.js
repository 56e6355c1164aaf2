// Records which results of recommendations a visitor saw: those of which half was visible for a second.
(() => {
  "use strict";
  const SEEN = 1000; // milliseconds
  const { url } = document.currentScript.dataset;
  const cards = "[data-recommendation]";
  const timers = new WeakMap();
  let seen = new Map();
  let sending;

  const send = () => {
    clearTimeout(sending);
    sending = undefined;
    if (!seen.size) return;
    const impressions = [...seen].map(([recommendation, positions]) => ({ recommendation_id: recommendation, positions: [...positions] }));
    seen = new Map();
    const headers = { "Content-Type": "application/json" };
    const token = document.querySelector("[name=csrfmiddlewaretoken]"); // which the API asks of accounts
    if (token) headers["X-CSRFToken"] = token.value;
    fetch(url, { method: "POST", headers, body: JSON.stringify({ impressions }), keepalive: true }).catch(() => {}); // no page needs it
  };
  const see = (card) => {
    watcher.unobserve(card);
    const { recommendation, position } = card.dataset;
    seen.set(recommendation, (seen.get(recommendation) || new Set()).add(Number(position)));
    sending ??= setTimeout(send, SEEN);
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(timers.get(target));
      if (isIntersecting) timers.set(target, setTimeout(see, SEEN, target));
    }
  }, { threshold: 0.5 });
  const watch = (part) => part.querySelectorAll(cards).forEach((card) => watcher.observe(card));

  document.addEventListener("visibilitychange", () => { if (document.hidden) send(); });
  document.addEventListener("htmx:afterSwap", ({ target }) => watch(target));
  watch(document);
})();
