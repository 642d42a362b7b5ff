"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const drawn = [];
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const money = (value, most = value) => `$${value.toFixed(most < 10 ? 4 : 2)}`;
  const count = (value) => value.toLocaleString("en-US");
  const shown = { money, count, plain: (value) => String(value) };

  // A chart of `data`: {type, labels, unit, across, stacked, sets: [{label, points, colour, notes}]}
  function draw(canvas, given) {
    const unit = shown[given.unit];
    const value = given.across ? "x" : "y";
    const clock = given.clock ? (v) => passed(v, given.clock.end) : null;
    const axis = (name) => {
      const numbers = name === value || Boolean(clock);
      const named = !numbers || (given.across && name === "y");
      const tick = name === "x" && clock ? clock : (v, i, ticks) => unit(v, ticks[ticks.length - 1].value);
      return {
        type: named ? "category" : "linear", stacked: given.stacked === true, beginAtZero: true,
        ...(name === "x" && clock ? { max: given.clock.end } : {}),
        grid: { color: colour("line") }, border: { color: colour("line") },
        ticks: { color: colour("muted"), ...(named ? {} : { callback: tick }) },
      };
    };
    return new Chart(canvas, {
      type: given.type,
      data: {
        labels: given.labels,
        datasets: given.sets.map((set) => ({
          label: set.label, data: set.points, backgroundColor: colour(set.colour), borderColor: colour(set.colour),
          ...(given.type === "line" ? { stepped: "before", pointRadius: 2, borderWidth: 2 }
            : { barPercentage: 0.9, categoryPercentage: 0.9, ...(clock ? { minBarLength: 3, grouped: false } : {}) }),
        })),
      },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, indexAxis: given.across ? "y" : "x",
        interaction: { mode: "nearest", axis: given.across ? "xy" : "x", intersect: false },
        scales: { x: axis("x"), y: axis("y") },
        plugins: {
          legend: { display: given.sets.length > 1, labels: { color: colour("ink"), boxWidth: 12 } },
          tooltip: { callbacks: { title: () => "", label: (point) => tell(given, point.datasetIndex, point.dataIndex) } },
        },
      },
    });
  }

  // Seconds since the beginning, as fine as the whole asks for.
  const passed = (seconds, whole) => {
    if (whole < 60) return `${seconds.toFixed(whole < 10 ? 2 : 0)}s`;
    const pad = (n) => String(Math.floor(n)).padStart(2, "0");
    return seconds >= 3600 ? `${Math.floor(seconds / 3600)}h${pad((seconds / 60) % 60)}` : `${Math.floor(seconds / 60)}:${pad(seconds % 60)}`;
  };

  // A point in words: for the pointer, the keyboard and a screen reader alike.
  function tell(given, set, index) {
    const found = given.sets[set];
    if (found.notes) return found.notes[index];
    return `${given.labels[index]}, ${found.label}: ${shown[given.unit](found.points[index])}`;
  }

  // -- arrow keys walk through a chart's points ------------------------------------
  function walk(canvas, chart, given) {
    const points = given.sets.flatMap((set, s) => set.points.map((point, i) => [s, i, point]));
    const where = (point) => (point && typeof point === "object" ? (Array.isArray(point.x) ? point.x[0] : point.x) : 0);
    points.sort((a, b) => where(a[2]) - where(b[2]) || (given.clock ? 0 : a[1] - b[1]));
    let at = -1;
    canvas.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step || !points.length) return;
      event.preventDefault();
      at = (at + step + points.length) % points.length;
      const active = [{ datasetIndex: points[at][0], index: points[at][1] }];
      chart.setActiveElements(active);
      chart.tooltip.setActiveElements(active, { x: 0, y: 0 });
      chart.update();
      document.getElementById(`${canvas.id}-point`).textContent = tell(given, points[at][0], points[at][1]);
    };
  }

  function drawAll() {
    drawn.splice(0).forEach((chart) => chart.destroy());
    for (const [name, given] of Object.entries(data.charts)) {
      const canvas = document.getElementById(`chart-${name}`);
      if (!canvas) continue;
      const chart = draw(canvas, given);
      drawn.push(chart);
      walk(canvas, chart, given);
    }
  }

  // -- tables sort by the head that is pressed -------------------------------------
  function sort(head) {
    const table = head.closest("table");
    const column = head.cellIndex;
    const up = head.getAttribute("aria-sort") === "descending";
    const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
    const rows = [...table.tBodies[0].rows];
    const numeric = rows.every((row) => key(row) === "" || !Number.isNaN(Number(key(row))));
    const order = numeric ? (a, b) => Number(key(a)) - Number(key(b)) : (a, b) => key(a).localeCompare(key(b));
    rows.sort((a, b) => (up ? order(a, b) : order(b, a)));
    table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    table.tBodies[0].append(...rows);
  }
  document.querySelectorAll("th button").forEach((button) => { button.onclick = () => sort(button.parentElement); });

  // -- keys -----------------------------------------------------------------------
  const turns = () => [...document.querySelectorAll(".turn > summary")];
  function go(step) {
    const all = turns();
    if (!all.length) return;
    const next = all[Math.min(all.length - 1, Math.max(0, all.indexOf(document.activeElement) + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }
  function toggleAll() {
    const all = [...document.querySelectorAll("details")];
    const open = all.some((each) => !each.open);
    all.forEach((each) => { each.open = open; });
  }
  function switchTheme() {
    root.dataset.theme = dark() ? "light" : "dark";
    drawAll();
  }
  document.getElementById("theme").onclick = switchTheme;
  const keys = { j: () => go(1), k: () => go(-1), e: toggleAll, t: switchTheme };
  document.addEventListener("keydown", (event) => {
    const action = keys[event.key];
    if (action && !event.ctrlKey && !event.metaKey && !event.altKey) action();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  drawAll();
})();
