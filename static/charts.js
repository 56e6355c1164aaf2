// Draws each figure[data-chart] from the table in it, with a legend that tells the values under the cursor. The arrow
// keys move the cursor. The table stays, folded; without this the page shows it unfolded.

const COLOURS = ["#b0503a", "#2f7fae", "#77862b", "#8f5fb0", "#b07d00", "#3d8a80"]; // as .line-1 to .line-6
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [4, 4], [12, 4]];
const HEIGHT = 220;

const utc = (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");

function read(table) {
  const rows = [...table.tBodies[0].rows];
  const number = (cell, name) => (cell.dataset[name] === undefined ? null : Number(cell.dataset[name]));
  const column = (index, name) => rows.map((row) => number(row.cells[index], name));
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const curves = names.slice(1).map((name, index) => ({
    name, y: column(index + 1, "y"), low: column(index + 1, "low"), high: column(index + 1, "high"),
    texts: rows.map((row) => row.cells[index + 1].textContent),
  }));
  return { x: column(0, "x"), xName: names[0], labels: rows.map((row) => row.cells[0].textContent), curves };
}

function draw(figure) {
  const { x, xName, labels, curves } = read(figure.querySelector("table"));
  if (!x.length) return;
  figure.querySelector("details").open = false;

  const plot = document.createElement("div");
  plot.className = "plot";
  plot.tabIndex = 0;
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", `${figure.querySelector("figcaption").textContent}, by ${xName}. ` +
    "The arrow keys tell the values, the table below has all.");
  const legend = document.createElement("p");
  legend.className = "legend";
  legend.setAttribute("role", "status");
  figure.querySelector("figcaption").after(plot, legend);

  const tell = (index) => {
    legend.replaceChildren(...(index === null ? [] : [`${labels[index]}: `]), ...curves.map((curve, at) => {
      const entry = document.createElement("span");
      entry.className = `line-${(at % COLOURS.length) + 1}`;
      entry.textContent = index === null ? curve.name : `${curve.name} ${curve.texts[index]}`;
      return entry;
    }));
  };

  const data = [x], series = [{}], bands = [];
  curves.forEach((curve, at) => {
    const stroke = COLOURS[at % COLOURS.length];
    data.push(curve.y);
    series.push({ stroke, width: 2, dash: DASHES[at % DASHES.length], spanGaps: true });
    if (curve.low.every((bound) => bound === null)) return;
    data.push(curve.high, curve.low);
    // The axis fits the curves: of a few lists an interval is as wide as all that is possible.
    for (const _ of [0, 1]) series.push({ width: 0, points: { show: false }, auto: false });
    bands.push({ series: [data.length - 2, data.length - 1], fill: `${stroke}22` });
  });

  const colour = () => getComputedStyle(figure).color;
  const axis = { stroke: colour, grid: { stroke: "#88888838", width: 1 }, ticks: { stroke: "#88888838" } };
  const isTime = "time" in figure.dataset;
  const scales = { x: { time: isTime } };
  if ("zero" in figure.dataset) scales.y = { range: (_, least, most) => [0, most > 0 ? most * 1.25 : 1] };
  const day = (seconds) => new Date(seconds * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  const hour = (seconds) => `${new Date(seconds * 1000).toISOString().slice(11, 13)}:00`;
  const names = (_, at) => at.map(x[1] - x[0] < 86400 ? hour : day);
  const whole = x.every(Number.isInteger) ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 20000] } : {};
  const chart = new uPlot({
    width: Math.max(figure.clientWidth, 200), height: HEIGHT, series, bands, scales, tzDate: utc,
    legend: { show: false }, cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    axes: [{ ...axis, ...(isTime ? { values: names, incrs: x[1] - x[0] < 86400 ? [3600, 10800, 21600] : [86400, 172800, 604800] } : { label: xName, labelSize: 22, ...whole }) }, { ...axis, size: 62 }],
    hooks: { setCursor: [(at) => tell(at.cursor.idx ?? null)] },
  }, data, plot);

  tell(null);
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const from = chart.cursor.idx ?? (step > 0 ? -1 : x.length);
    const index = Math.min(Math.max(from + step, 0), x.length - 1);
    chart.setCursor({ left: chart.valToPos(x[index], "x"), top: 0 });
  });
  new ResizeObserver(() => {
    const width = Math.max(figure.clientWidth, 200);
    if (width !== chart.width) chart.setSize({ width, height: HEIGHT });
  }).observe(figure);
}

const drawAll = (part) => part.querySelectorAll("figure[data-chart]").forEach(draw);
drawAll(document);
document.addEventListener("htmx:load", (event) => { if (event.target !== document.body) drawAll(event.target); });
