// Shows a chosen photo before it is sent. The pages work without this.
for (const input of document.querySelectorAll("input[data-preview]")) {
  input.addEventListener("change", () => {
    const preview = document.getElementById(input.dataset.preview);
    const [photo] = input.files;
    const shown = photo && photo.type.startsWith("image/");
    if (shown) preview.src = URL.createObjectURL(photo);
    (preview.closest("figure") || preview).hidden = !shown;
  });
}
