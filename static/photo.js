// Search by photo: drop, paste and preview a photo, and move the frame around the part of it to search by. In the admin
// the frame is around the part of a product's picture that models look at, and nothing is searched for.
// The pages work without this.

function upload(form) {
  const [image, camera] = form.querySelectorAll('input[type="file"]');
  const preview = form.querySelector("img");
  for (const hint of form.querySelectorAll("[data-needs-script]")) hint.hidden = false;

  const show = ([photo]) => {
    preview.hidden = !photo?.type.startsWith("image/");
    if (!preview.hidden) preview.src = URL.createObjectURL(photo);
  };
  image.addEventListener("change", () => { camera.value = ""; show(image.files); });
  camera.addEventListener("change", () => { image.value = ""; show(camera.files); });

  const take = (event, files) => {
    if (![...files].some((file) => file.type.startsWith("image/"))) return;
    event.preventDefault();
    const given = new DataTransfer();
    given.items.add([...files].find((file) => file.type.startsWith("image/")));
    image.files = given.files;
    image.dispatchEvent(new Event("change"));
    form.requestSubmit();
  };
  document.addEventListener("paste", (event) => take(event, event.clipboardData.files));
  form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    take(event, event.dataTransfer.files);
  });
}

const LEAST = 5; // percent that a side of the frame has
const STEP = 2; // percent that a key moves it by
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function parts(form) {
  const frame = form.querySelector("[data-photo-frame]");
  const [left, top, right, bottom] = ["left", "top", "right", "bottom"].map((name) => form.elements[name]);
  const edges = () => [left, top, right, bottom].map((input) => Number(input.value));
  for (const hint of form.querySelectorAll("[data-needs-script]")) hint.hidden = false;
  let timer, asked;

  const button = (name, label) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = name;
    made.setAttribute("aria-label", label);
    frame.append(made);
    return made;
  };
  const move = button("move", "Part in the frame: the arrow keys move it");
  const resize = button("resize", "Corner: the arrow keys change the size");

  const draw = () => {
    const [x0, y0, x1, y1] = edges();
    Object.assign(move.style, { left: `${x0}%`, top: `${y0}%`, width: `${x1 - x0}%`, height: `${y1 - y0}%` });
    Object.assign(resize.style, { left: `${x1}%`, top: `${y1}%` });
  };
  const set = (...numbers) => {
    [left, top, right, bottom].forEach((input, index) => { input.value = Math.round(numbers[index]); });
    draw();
  };
  const bound = (number, low, high) => Math.min(Math.max(number, low), high);
  const shift = (target, [x0, y0, x1, y1], dx, dy) => {
    if (target === resize) return set(x0, y0, bound(x1 + dx, x0 + LEAST, 100), bound(y1 + dy, y0 + LEAST, 100));
    const [across, down] = [bound(dx, -x0, 100 - x1), bound(dy, -y0, 100 - y1)];
    return set(x0 + across, y0 + down, x1 + across, y1 + down);
  };

  // Sends the form as it is, or with the value of a button, and shows what came back in place of the last results.
  const search = async (value) => {
    clearTimeout(timer);
    asked?.abort();
    asked = new AbortController();
    const found = document.getElementById("found");
    found?.setAttribute("aria-busy", "true");
    const body = new FormData(form);
    if (value) body.set("box", value);
    try {
      const answer = await fetch(form.action, { method: "POST", body, signal: asked.signal });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const results = page.getElementById("found");
      if (results) found.replaceWith(document.adoptNode(results));
    } catch (error) {
      if (error.name !== "AbortError") form.submit();
    }
  };
  const press = (chosen) => {
    for (const choice of form.querySelectorAll("[aria-pressed]")) choice.setAttribute("aria-pressed", choice === chosen);
  };
  const searchSoon = (delay) => {
    if (!document.getElementById("found")) return;
    press(null);
    clearTimeout(timer);
    timer = setTimeout(search, delay);
  };

  for (const target of [move, resize]) {
    target.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (!arrow) return;
      event.preventDefault();
      shift(target, edges(), STEP * arrow[0], STEP * arrow[1]);
      searchSoon(700);
    });
    target.addEventListener("pointerdown", (event) => {
      const from = edges();
      const { width, height } = frame.getBoundingClientRect();
      const drag = (to) =>
        shift(target, from, (100 * (to.clientX - event.clientX)) / width, (100 * (to.clientY - event.clientY)) / height);
      target.setPointerCapture(event.pointerId);
      target.addEventListener("pointermove", drag);
      const end = () => {
        target.removeEventListener("pointermove", drag);
        if (String(from) !== String(edges())) searchSoon(0);
      };
      target.addEventListener("lostpointercapture", end, { once: true });
    });
  }
  for (const input of [left, top, right, bottom]) input.addEventListener("input", () => { draw(); searchSoon(700); });
  form.addEventListener("submit", (event) => {
    if (!document.getElementById("found")) return;
    event.preventDefault();
    const chosen = event.submitter?.name === "box" ? event.submitter : null;
    if (chosen) set(...chosen.value.split(",").map((share) => 100 * share));
    press(chosen);
    search(chosen?.value);
  });
  draw();
}

for (const form of document.querySelectorAll("[data-photo-upload]")) upload(form);
for (const form of document.querySelectorAll("[data-photo-parts]")) parts(form);
