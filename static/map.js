// Moves and zooms the taste map without a new page: by its links, by keys, by the wheel, and by dragging it.
// Without this script its links lead to a page each.
const KEYS = { ArrowLeft: "left", ArrowUp: "up", ArrowDown: "down", ArrowRight: "right", "+": "in", "=": "in", "-": "out", 0: "whole" };
const CELLS = 12; // a side of the map
const DRAGGED = 8; // pixels from which on a press is no click
const PAUSE = 300; // milliseconds between two turns of the wheel

const map = () => document.getElementById("map");
let latest = 0;
let dragged = null; // the event that a drag began with
let wasDragged = false;
let turned = 0;

const show = async (url, isBack = false) => {
  const own = ++latest;
  const hadFocus = map().querySelector(".map").contains(document.activeElement);
  const response = await fetch(url, { headers: { "HX-Request": "true" } });
  if (!response.ok || response.redirected) {
    location.assign(url);
    return;
  }
  const text = await response.text();
  if (own !== latest) return; // another part was chosen meanwhile
  const focused = document.activeElement?.id;
  map().outerHTML = text;
  if (hadFocus) map().querySelector(".map").focus({ preventScroll: true });
  else if (focused?.startsWith("map-")) (document.getElementById(focused) ?? map().querySelector(".map")).focus({ preventScroll: true });
  if (!isBack) history.pushState(null, "", url);
};

// The server takes the nearest view that there is.
const showView = (zoom, x, y) => {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries({ zoom, x, y })) url.searchParams.set(name, Math.max(value, 0));
  show(url);
};

const view = () => ["zoom", "left", "top"].map((name) => Number(map().dataset[name]));
const cellAt = (event) => {
  const edges = map().querySelector(".map").getBoundingClientRect();
  return [Math.floor(((event.clientX - edges.left) / edges.width) * CELLS), Math.floor(((event.clientY - edges.top) / edges.height) * CELLS)];
};

addEventListener(
  "click",
  (event) => {
    if (wasDragged && event.target.closest(".map")) (event.preventDefault(), event.stopPropagation());
  },
  { capture: true },
);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-map]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(link.href);
});
document.addEventListener("keydown", (event) => {
  if (!event.target.closest(".map") || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  event.preventDefault();
  const link = document.getElementById(`map-${KEYS[event.key]}`);
  if (link) show(link.href);
});
document.addEventListener(
  "wheel",
  (event) => {
    if (!event.target.closest(".map")) return;
    event.preventDefault();
    if (event.timeStamp - turned < PAUSE || !event.deltaY) return;
    turned = event.timeStamp;
    const [zoom, left, top] = view();
    const [across, down] = cellAt(event);
    // The cell under the pointer stays there.
    if (event.deltaY < 0) showView(zoom + 1, 2 * left + across, 2 * top + down);
    else if (zoom > 0) showView(zoom - 1, Math.round((left - across) / 2), Math.round((top - down) / 2));
  },
  { passive: false },
);
document.addEventListener("pointerdown", (event) => {
  if (event.pointerType === "mouse" && event.button === 0 && event.target.closest(".map")) dragged = event;
});
document.addEventListener("pointermove", (event) => {
  if (!dragged) return;
  const frame = map().querySelector(".map");
  frame.style.transform = `translate(${event.clientX - dragged.clientX}px, ${event.clientY - dragged.clientY}px)`;
});
document.addEventListener("pointerup", (event) => {
  if (!dragged) return;
  const frame = map().querySelector(".map");
  const [right, down] = [event.clientX - dragged.clientX, event.clientY - dragged.clientY];
  dragged = null;
  frame.style.transform = "";
  if (Math.hypot(right, down) < DRAGGED) return;
  wasDragged = true;
  setTimeout(() => (wasDragged = false)); // after the click that follows, if one does
  const [zoom, left, top] = view();
  const side = frame.getBoundingClientRect().width / CELLS;
  showView(zoom, left - Math.round(right / side), top - Math.round(down / side));
});
addEventListener("popstate", () => show(location.href, true));
