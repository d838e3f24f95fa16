"use strict";

// The waterfall: how long each phase of the opening took, and the messages over time, sent ones
// above the line and received ones below. A range that is dragged across it filters the list.

const COLUMN = 3; // pixels of a bar, with the gap to the next
const MARGIN = { left: 12, right: 12, top: 6, bottom: 18 };
const DRAGGED = 4; // pixels; a shorter drag is a click, which ends the filtering
const PHASES = ["name", "tcp", "proxy", "tls", "upgrade"];

/** Return the seconds that an opening took. */
function tookInAll(timings) {
  return PHASES.reduce((sum, phase) => sum + (timings[phase] ?? 0), 0);
}

/** Return the phases of an opening as rows of a bar each, one starting where another ends. */
function phaseRows(timings) {
  const scale = 100 / (tookInAll(timings) || 1);
  let start = 0;
  return PHASES.filter((phase) => phase in timings).map((phase) => {
    const seconds = timings[phase];
    const bar = make("span", `bar ${phase}`);
    bar.style.left = `${start * scale}%`;
    bar.style.width = `${seconds * scale}%`;
    start += seconds;
    const track = make("span", "track", undefined, bar), took = make("span", "took", showDuration(seconds));
    return make("li", "", undefined, make("span", "phase", phase), track, took);
  });
}

const LONG_STEPS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** Return a step of an axis, at least `least` seconds: 1, 2 or 5 times a power of ten, or minutes. */
function niceStep(least) {
  const long = LONG_STEPS.find((step) => step >= least);
  if (least > 30 && long) return long;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least);
}

/** Write a time on an axis, without the digits that its step does not need. */
function showTick(seconds) {
  if (seconds === 0) return "0";
  return showDuration(seconds).replace(/ 0 (s|min)$/, "").replace(/\.?0+ (s|ms)$/, " $1");
}

/** Return the colours of the style sheet by name; to ask for each bar's would take longest. */
function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["in", "out", "bad", "muted", "faint", "line", "line-strong", "accent", "veil", "sans"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`)]));
}

class Timeline {
  /** Draw on a canvas; `choose` is called with a range in seconds, or null. */
  constructor(canvas, choose) {
    this.canvas = canvas;
    this.choose = choose;
    this.range = null;
    this.marked = null; // seconds, of the selected row
    this.duration = 0;
    this.width = 1; // pixels between the margins
    this.columns = [];
    this.drag = null;
    new ResizeObserver(() => this.update()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#finish(event));
    canvas.addEventListener("pointercancel", () => this.#cancel());
  }

  /** Show one connection of a recording, or all with null. */
  show(recording, connection) {
    this.recording = recording;
    this.connection = connection;
    this.update();
  }

  /** The decimals of seconds that a pixel tells apart. */
  get decimals() {
    return Math.min(6, Math.max(0, Math.ceil(-Math.log10(this.duration / this.width || 1))));
  }

  toX(seconds) {
    return MARGIN.left + (this.duration ? (seconds / this.duration) * this.width : 0);
  }

  toSeconds(x) {
    const part = (x - MARGIN.left) / this.width;
    return Math.min(1, Math.max(0, part)) * this.duration;
  }

  /** Count the messages in each column. */
  update() {
    if (!this.recording) return;
    const { recording, connection } = this;
    this.width = Math.max(1, this.canvas.clientWidth - MARGIN.left - MARGIN.right);
    this.duration = connection ? connection.elapsed : recording.duration;
    this.columns = Array.from({ length: Math.ceil(this.width / COLUMN) }, () => ({ in: 0, out: 0 }));
    for (const row of recording.rows) {
      if (row.number === null || (connection && row.connection !== connection)) continue;
      const x = this.toX(recording.at(row, !connection)) - MARGIN.left;
      const index = Math.floor(x / COLUMN) || 0; // NaN if a damaged recording has no valid time
      const column = Math.min(this.columns.length - 1, Math.max(0, index));
      this.columns[column][row.event.direction] += 1;
    }
    this.draw();
  }

  draw() {
    const { canvas } = this;
    const { clientWidth: width, clientHeight: height } = canvas;
    const ratio = devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    this.pen = canvas.getContext("2d");
    this.pen.scale(ratio, ratio);
    this.colours = readColours();
    this.floor = height - MARGIN.bottom;
    this.middle = Math.round((MARGIN.top + this.floor) / 2);
    this.#drawAxis();
    this.#drawBars();
    this.#drawOpeningAndEnd();
    this.#drawMarks();
  }

  #fill(colour, x, y, width, height) {
    this.pen.fillStyle = this.colours[colour];
    this.pen.fillRect(x, y, width, height);
  }

  #drawAxis() {
    this.#fill("line-strong", MARGIN.left, this.middle, this.width, 1);
    if (!this.duration) return;
    const { pen } = this;
    const step = niceStep((this.duration * 80) / this.width); // about 80 pixels
    pen.font = `10.5px ${this.colours.sans}`;
    for (let time = 0; time <= this.duration; time += step) {
      const x = Math.round(this.toX(time)), label = showTick(time);
      this.#fill("line", x, MARGIN.top, 1, this.floor - MARGIN.top);
      pen.fillStyle = this.colours.faint;
      const fits = x + 3 + pen.measureText(label).width < this.canvas.clientWidth;
      if (fits) pen.fillText(label, x + 3, this.floor + 12);
    }
  }

  #drawBars() {
    const most = this.columns.reduce((most, each) => Math.max(most, each.in, each.out), 1);
    const room = this.middle - MARGIN.top - 2;
    this.columns.forEach((column, index) => {
      const x = MARGIN.left + index * COLUMN;
      // By the square root, since a single message beside a burst would not be seen.
      const tall = (count) => count && Math.max(2, Math.sqrt(count / most) * room);
      this.#fill("out", x, this.middle - tall(column.out), COLUMN - 1, tall(column.out));
      this.#fill("in", x, this.middle + 1, COLUMN - 1, tall(column.in));
    });
  }

  #drawOpeningAndEnd() {
    const { connection } = this;
    if (!connection) return;
    const opened = connection.opened?.elapsed ?? (connection.end ? 0 : connection.elapsed);
    const width = Math.max(2, this.toX(opened) - MARGIN.left);
    this.#fill("muted", MARGIN.left, this.middle - 1, width, 3);
    const ended = connection.end ?? connection.errors[0];
    const colour = connection.failed ? "bad" : "muted";
    if (ended) this.#fill(colour, this.toX(ended.elapsed) - 1, MARGIN.top, 2, this.floor - MARGIN.top);
  }

  #drawMarks() {
    if (this.marked !== null) {
      this.#fill("accent", Math.round(this.toX(this.marked)), 0, 1, this.floor);
    }
    const range = this.drag ?? this.range;
    if (!range) return;
    const [from, until] = range.map((seconds) => this.toX(Math.min(seconds, this.duration)));
    const right = MARGIN.left + this.width;
    this.#fill("veil", MARGIN.left, 0, from - MARGIN.left, this.floor);
    this.#fill("veil", until, 0, right - until, this.floor);
    this.#fill("accent", from, 0, 1, this.floor);
    this.#fill("accent", until, 0, 1, this.floor);
  }

  #begin(event) {
    if (event.button !== 0 || !this.duration) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.dragStart = event.offsetX;
  }

  #move(event) {
    if (this.dragStart === undefined) return;
    const ends = [this.dragStart, event.offsetX].sort((left, right) => left - right);
    this.drag = ends.map((x) => this.toSeconds(x));
    this.draw();
  }

  #finish(event) {
    if (this.dragStart === undefined) return;
    const range = Math.abs(event.offsetX - this.dragStart) < DRAGGED ? null : this.drag;
    this.#cancel();
    this.choose(range);
  }

  #cancel() {
    this.drag = null;
    this.dragStart = undefined;
    this.draw();
  }
}
