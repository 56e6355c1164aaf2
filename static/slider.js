// Says in words what a slider is set to. The forms work without this.
for (const output of document.querySelectorAll("output[data-of]")) {
  const slider = document.getElementById(output.dataset.of);
  const words = slider.dataset.words?.split("|");
  const say = () => {
    const said = words ? words[slider.value] : slider.value + slider.dataset.unit;
    output.textContent = `: ${said}`;
    slider.setAttribute("aria-valuetext", said);
  };
  slider.addEventListener("input", say);
  say();
}
