/*! visrec.js 1.2.0, MIT licence. <visrec-strip>, <visrec-picks> and <visrec-photo-search>: docs/storefront.md */
(() => {
  "use strict";
  const warn = (text, ...what) => console.warn(`visrec.js: ${text}`, ...what);
  const script = document.currentScript;
  if (!script) return warn("it shows nothing as a module: load it by a <script> of its own, without type=module.");
  if (customElements.get("visrec-strip")) return undefined;
  const { key, page, shop = new URL(script.src).origin } = script.dataset;
  if (!key) warn("its <script> has no data-key, so that the shop refuses what it asks for.");
  const API = new URL("/api/v1/", shop).href;
  const SECONDS = 8; // for any answer
  const SEEN = 1000; // milliseconds that half of a product is visible before it counts as seen
  const MOST_EVENTS = 100; // that wait to be sent

  // What outlives the page. A browser that stores nothing keeps it as long as the page.
  const memory = {};
  const load = (name) => {
    try { return JSON.parse(localStorage.getItem(`visrec ${API} ${name}`)) ?? memory[name]; } catch { return memory[name]; }
  };
  const save = (name, value) => {
    memory[name] = value;
    try { localStorage.setItem(`visrec ${API} ${name}`, JSON.stringify(value)); } catch { /* see above */ }
  };

  const request = async (path, options = {}, visitor = "") => {
    const headers = { Authorization: `Bearer ${key}`, ...options.headers };
    if (visitor) headers["X-Visitor"] = visitor;
    const signal = AbortSignal.timeout(SECONDS * 1000);
    const response = await fetch(API + path, { ...options, headers, signal, credentials: "omit" });
    if (!response.ok) throw Object.assign(new Error(`${path}: ${response.status}`), { status: response.status });
    return response.json();
  };
  const json = (body) => ({
    method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, keepalive: true,
  });

  // The guest's token: issued once, and anew where the shop no longer takes it.
  let issuing;
  const issue = () => {
    issuing ??= request("visitors/", { method: "POST", keepalive: true })
      .then(({ visitor }) => { save("visitor", visitor); return visitor; })
      .finally(() => { issuing = undefined; });
    return issuing;
  };
  const asVisitor = async (path, options) => {
    const visitor = load("visitor") || (await issue());
    try {
      return await request(path, options, visitor);
    } catch (error) {
      if (error.status !== 401) throw error;
      return request(path, options, await issue());
    }
  };

  // Interactions wait in the storage until they have arrived: a click leaves the page at once. Each id counts once.
  const send = async () => {
    const events = load("events") || [];
    if (!events.length) return;
    try {
      await asVisitor("interactions/", json(events));
    } catch (error) {
      if (!error.status || error.status === 429 || error.status >= 500) return; // another time
    }
    const sent = new Set(events.map((event) => event.id));
    save("events", (load("events") || []).filter((event) => !sent.has(event.id)));
  };
  const record = (event) => {
    const id = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
    save("events", [...(load("events") || []), { id, ...event }].slice(-MOST_EVENTS));
    return send();
  };

  // Impressions are collected for a moment. What was read as a visitor is the visitor's, and only they may name it.
  let seen = new Map();
  let sending;
  const sendSeen = () => {
    clearTimeout(sending);
    sending = undefined;
    for (const [call, isVisitors] of [[asVisitor, true], [request, false]]) {
      const shown = [...seen].filter(([answer]) => answer.isVisitors === isVisitors);
      const impressions = shown.map(([answer, ranks]) => ({ recommendation_id: answer.recommendation_id, positions: [...ranks] }));
      if (impressions.length) call("impressions/", json({ impressions })).catch(() => {});
    }
    seen = new Map();
  };
  const cards = new WeakMap();
  const timers = new WeakMap();
  const see = (card) => {
    watcher.unobserve(card);
    const [answer, rank] = cards.get(card);
    seen.set(answer, (seen.get(answer) || new Set()).add(rank));
    sending ??= setTimeout(sendSeen, SEEN);
    if (!load("visitor")) issue().catch(() => {}); // so that a click need not wait for it
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(timers.get(target));
      if (isIntersecting) timers.set(target, setTimeout(see, SEEN, target));
    }
  }, { threshold: 0.5 });
  document.addEventListener("visibilitychange", () => { if (document.hidden) sendSeen(); });

  const style = new CSSStyleSheet();
  style.replaceSync(`
    :host { display: block }
    :host([hidden]) { display: none }
    ul { display: flex; gap: 1rem; overflow-x: auto; list-style: none; margin: 0; padding: 0 }
    li { flex: 0 0 11rem; min-width: 0 }
    li > a { display: block; color: inherit; text-decoration: none }
    li > a:focus-visible { outline: 2px solid; outline-offset: -2px }
    .image { display: block; aspect-ratio: 1; background: rgb(128 128 128 / .08) }
    .image img { display: block; width: 100%; height: 100%; object-fit: contain }
    img:not([src]) { visibility: hidden }
    .title { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; line-height: 1.3; height: 2.6em; margin-top: .5rem }
    .price { display: block; line-height: 1.5; min-height: 1.5em }
    form { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center }
    p { margin: .5rem 0; min-height: 1.5em }
    .fallback, :host([state=failed]) ul, :host([state=empty]) ul { display: none }
    :host([state=failed]) .fallback, :host([state=empty]) .fallback { display: block }
  `);

  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
    made.append(...children);
    return made;
  };
  const standard = element("template");
  standard.content.append(
    element("a", { part: "link", "data-field": "url" },
      element("span", { part: "image", class: "image" }, element("img", { "data-field": "thumbnail", decoding: "async" })),
      element("span", { part: "title", class: "title", "data-field": "title" }),
      element("span", { part: "price", class: "price", "data-field": "price" })),
  );

  const address = (product) => {
    const url = new URL(page ? page.replace("{sku}", encodeURIComponent(product.sku)) : product.url, document.baseURI);
    return /^https?:$/.test(url.protocol) ? url.href : "";
  };
  const money = ({ price, currency }) => {
    try {
      return new Intl.NumberFormat(document.documentElement.lang || undefined, { style: "currency", currency }).format(price);
    } catch { return `${price} ${currency}`; }
  };
  const value = (product, field) => {
    if (field === "url") return address(product);
    if (field === "price") return money(product);
    return field.split(".").reduce((found, name) => found?.[name], product) ?? "";
  };
  const fill = (card, product) => {
    const fields = [...card.querySelectorAll("[data-field]")];
    const isNamed = fields.some(({ dataset }) => dataset.field === "title");
    for (const node of fields) {
      const found = value(product, node.dataset.field);
      if (node.localName === "img") {
        node.alt = isNamed ? "" : product.title;
        if (found) node.src = found;
      } else if (node.localName === "a") node.href = found;
      else node.textContent = found;
    }
  };

  class Results extends HTMLElement {
    connectedCallback() {
      if (!this.shadowRoot) this.build();
    }

    build() {
      const root = this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [style];
      this.template = this.querySelector(":scope > template") || standard;
      this.list = element("ul", { part: "list", role: "list" });
      const styles = [...this.template.content.querySelectorAll("style")].map((node) => node.cloneNode(true));
      root.append(...styles, element("slot", { name: "heading" }), this.list, element("slot", { class: "fallback" }));
    }

    say(name, number) {
      return (this.getAttribute(name) || this.constructor.texts[name]).replace("{n}", number);
    }

    // Cards without a product have the size of those with one, so that nothing moves when these come.
    wait() {
      this.setAttribute("state", "loading");
      this.list.removeAttribute("aria-label");
      this.list.setAttribute("aria-hidden", "true");
      this.list.replaceChildren(...Array.from({ length: this.limit }, () => {
        const card = this.copy();
        for (const node of card.querySelectorAll("[data-field]:not(a, img)")) node.textContent = "\u00a0";
        return element("li", { part: "card placeholder" }, card);
      }));
    }

    copy() {
      const card = this.template.content.cloneNode(true);
      for (const node of card.querySelectorAll("style")) node.remove();
      return card;
    }

    get limit() {
      return Math.min(Math.max(parseInt(this.getAttribute("limit"), 10) || 12, 1), 100);
    }

    get parameters() {
      return new URLSearchParams({ limit: this.limit, placement: this.getAttribute("placement") || this.localName });
    }

    async show(call) {
      const turn = (this.turn = {});
      this.wait();
      let answer;
      let failed;
      try { answer = await call(); } catch (error) { failed = error; }
      if (turn !== this.turn) return undefined; // another call was made meanwhile
      if (failed) console.info(`visrec.js: ${failed.message}`);
      const results = answer?.results || [];
      this.list.removeAttribute("aria-hidden");
      this.list.setAttribute("aria-label", this.say("results"));
      this.list.replaceChildren(...results.map((result) => this.card(answer, result)));
      this.setAttribute("state", failed ? "failed" : results.length ? "ready" : "empty");
      return answer;
    }

    card(answer, { product, rank }) {
      const card = element("li", { part: "card" }, this.copy());
      fill(card, product);
      const click = (event) => {
        if (event.button > 1 || !event.target.closest("a")) return;
        record({ sku: product.sku, kind: "click", recommendation_id: answer.recommendation_id, position: rank });
      };
      card.addEventListener("click", click);
      card.addEventListener("auxclick", click);
      cards.set(card, [answer, rank]);
      watcher.observe(card);
      return card;
    }
  }

  class Strip extends Results {
    static texts = { results: "Similar products" };
    static observedAttributes = ["sku"];

    get sku() { return this.getAttribute("sku") || ""; }
    set sku(sku) { this.setAttribute("sku", sku ?? ""); }
    get isComplete() { return this.sku !== ""; }

    // Not before it is nearly seen.
    build() {
      if (Object.hasOwn(this, "sku")) { // a framework has set it before the script was there
        const { sku } = this;
        delete this.sku;
        this.sku = sku;
      }
      super.build();
      this.wait();
      const near = new IntersectionObserver(([{ isIntersecting }]) => {
        if (!isIntersecting) return;
        near.disconnect();
        this.isNear = true;
        this.refresh();
      }, { rootMargin: "400px" });
      near.observe(this);
    }

    attributeChangedCallback(name, before, after) {
      if (this.isNear && before !== after) this.refresh();
    }

    refresh() {
      clearTimeout(this.waiting);
      if (this.isComplete) return this.show(() => this.read());
      this.turn = {}; // what is on its way is of a product that is shown no more
      this.wait();
      // A framework may set it in a moment, and whenever it does the strip is filled.
      this.waiting = setTimeout(() => {
        warn("this strip has no sku, so that it shows nothing.", this);
        this.show(async () => ({}));
      }, SEEN);
      return undefined;
    }

    async read() {
      const path = `products/${encodeURIComponent(this.sku)}/similar/?${this.parameters}`;
      // Once there is a visitor the shop is told who: in an experiment they see the same kind of list each time.
      const isVisitors = Boolean(load("visitor"));
      return { ...(await (isVisitors ? asVisitor : request)(path)), isVisitors };
    }
  }

  class Picks extends Strip {
    static texts = { results: "For you" };
    static observedAttributes = [];

    get isComplete() { return true; }

    async read() {
      return { ...(await asVisitor(`visitors/me/recommendations/?${this.parameters}`)), isVisitors: true };
    }
  }

  class PhotoSearch extends Results {
    static texts = {
      label: "Find by photo",
      results: "Looks like your photo",
      searching: "Searching …",
      found: "Products that look like your photo: {n}",
      nothing: "No product looks like this photo.",
      failed: "The search did not work. Choose a JPEG, PNG or WebP photo, or try again later.",
    };

    build() {
      super.build();
      const input = element("input", { part: "input", id: "photo", type: "file", accept: "image/*" });
      const form = element("form", { part: "form" }, element("label", { part: "label", for: "photo" }, this.say("label")), input);
      this.status = element("p", { part: "status", role: "status" });
      this.list.before(form, this.status);
      form.addEventListener("submit", (event) => event.preventDefault());
      input.addEventListener("change", () => { if (input.files.length) this.search(input.files[0]); });
    }

    async search(photo) {
      const body = new FormData();
      body.append("image", photo);
      this.status.textContent = this.say("searching");
      const turn = this.show(async () => ({
        ...(await request(`search/image/?${this.parameters}`, { method: "POST", body })), isVisitors: false,
      }));
      const current = this.turn;
      const answer = await turn;
      if (current !== this.turn) return;
      const number = answer?.results.length;
      this.status.textContent = this.say(number ? "found" : answer ? "nothing" : "failed", number);
    }
  }

  customElements.define("visrec-strip", Strip);
  customElements.define("visrec-picks", Picks);
  customElements.define("visrec-photo-search", PhotoSearch);
  window.visrec = { version: "1.2.0", record };
  send();
})();
