"use strict";

// The page: what is selected, and what each part shows of it. Events are added with
// page.append(lines): once for each block in the file, or whenever some come.

const $ = (id) => document.getElementById(id);
const REDRAW = 250; // milliseconds between two countings of the timeline while events come

class Page {
  constructor() {
    this.recording = new Recording();
    this.filter = new Filter(this.recording);
    this.connection = null; // the selected one, or null for all
    this.selected = null; // a row
    this.wantsDetail = true; // until the user closes it
    this.loaded = false;
    this.hasChosen = false; // whether the user has chosen what to see
    this.connections = new ConnectionList($("connections"), this.recording, (each) => {
      this.hasChosen = true;
      this.chooseConnection(each);
    });
    this.rows = new RowList($("rows"), this.filter, (row) => this.open(row));
    this.timeline = new Timeline($("timeline"), (range) => this.chooseRange(range));
    this.detail = new MessagePanel($("detail"), {
      close: () => this.closeDetail(),
      move: (step) => this.move(step),
    });
    this.tabs = [$("tab-messages"), $("tab-connection")];
    this.#listen();
    this.showView(this.tabs[0]);
    $("by").textContent = `wscli ${KNOWN.version}`;
  }

  // Events

  /** Show the events in the file. */
  async load() {
    for (const block of document.querySelectorAll("script[type='application/jsonl']")) {
      this.append(block.textContent);
      await new Promise(requestAnimationFrame);
    }
    this.loaded = true;
    const [first] = this.recording.connections;
    if (first && !this.recording.rows.length) this.showView(this.tabs[1]);
    this.changed();
  }

  /** Add events, each a line of JSON, to what is shown. */
  append(lines) {
    const before = this.recording.connections.length;
    this.recording.append(lines);
    const { connections } = this.recording;
    // A connection that is the only one is selected; of several, all are shown.
    if (connections.length > before && before < 2 && !this.hasChosen) {
      this.chooseConnection(connections.length === 1 ? connections[0] : null);
    }
    this.changed();
    this.redraw ??= setTimeout(() => {
      this.redraw = null;
      this.#showTimeline();
    }, REDRAW);
  }

  /** Draw what has changed in the next frame. */
  changed() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.#draw();
    });
  }

  #draw() {
    const wasAtEnd = this.loaded && this.rows.list.count > 0 && this.rows.list.atEnd;
    this.filter.advance();
    this.rows.update();
    if (wasAtEnd) this.rows.list.reveal(this.rows.list.count - 1);
    this.connections.update(this.connection);
    this.#showSummary();
    this.#showCounts();
    if (!this.filter.done) this.changed();
  }

  #showSummary() {
    const { connections, duration, began } = this.recording;
    if (!connections.length) {
      if (this.loaded) $("summary").textContent = "no events";
      return;
    }
    const sum = (name, direction) => connections.reduce((total, each) => total + each[name][direction], 0);
    const messages = sum("counts", "in") + sum("counts", "out");
    $("summary").textContent = [
      showDate(began),
      showDuration(duration),
      plural(connections.length, "connection"),
      plural(messages, "message"),
      `↑ ${showSize(sum("sizes", "out"))} ↓ ${showSize(sum("sizes", "in"))}`,
    ].join(" · ");
    this.#showEnding();
  }

  #showEnding() {
    const { connection } = this;
    $("ending").className = connection?.failed ? "failed" : "";
    const error = connection?.errors[0]?.message;
    showText($("ending"), connection?.end?.explained.sentence ?? error ?? connection?.outcome ?? "");
    $("ending").title = $("ending").textContent;
  }

  #showCounts() {
    const { filter, recording, connection } = this;
    const chosen = connection ? [connection] : recording.connections;
    for (const input of $("kinds").querySelectorAll("input")) {
      const count = chosen.reduce((sum, each) => sum + each.kinds[input.value], 0);
      input.nextElementSibling.dataset.count = showCount(count);
      input.parentElement.hidden = count === 0;
    }
    const shown = filter.matches.length, tested = filter.done ? "" : " …";
    $("count").textContent = `${showCount(shown)} shown${tested}`;
    $("nothing").hidden = !(filter.done && shown === 0 && this.loaded);
    $("nothing").textContent = this.#whyNothing(chosen);
  }

  #whyNothing(chosen) {
    const count = (...kinds) => chosen.reduce((sum, each) => sum + kinds.reduce((part, kind) => part + each.kinds[kind], 0), 0);
    if (count("text", "binary")) return "Nothing matches these filters.";
    return count("control", "frame") ? "No messages; pings and frames can be shown." : "No messages.";
  }

  #showTimeline() {
    this.timeline.marked = this.selected && this.#marked();
    this.timeline.range = this.filter.criteria.range;
    this.timeline.show(this.recording, this.connection);
    const chosen = this.connection ? [this.connection] : this.recording.connections;
    const count = (direction) => chosen.reduce((sum, each) => sum + each.counts[direction], 0);
    $("timeline").ariaLabel =
      `${plural(count("out"), "message")} sent and ${showCount(count("in"))} received in ${showDuration(this.timeline.duration)}`;
  }

  #marked() {
    const isShown = !this.connection || this.selected.connection === this.connection;
    return isShown ? this.recording.at(this.selected, !this.connection) : null;
  }

  // Selection

  /** Show one connection, or all with null. */
  chooseConnection(connection) {
    this.connection = connection;
    const timings = connection?.opening?.timings ?? {};
    $("phases").replaceChildren(...phaseRows(timings));
    $("opening").hidden = !$("phases").childElementCount;
    const total = Object.values(timings).reduce((sum, took) => sum + took, 0);
    $("opening-took").textContent = showDuration(total);
    this.tabs[1].hidden = !connection;
    if (!connection) this.showView(this.tabs[0]);
    else if (!$("view-connection").hidden) showConnection($("view-connection"), connection);
    this.chooseRange(null);
    this.changed();
  }

  /** Show the rows of a range of the timeline alone, or all with null. */
  chooseRange(range) {
    $("range").value = range ? range.map((seconds) => seconds.toFixed(this.timeline.decimals)).join(" – ") : "";
    this.readFilters();
    this.#showTimeline();
  }

  /** Filter by what the user has typed and chosen. */
  readFilters() {
    const criteria = new Criteria();
    criteria.query = $("query").value;
    criteria.isRegex = $("is-regex").checked;
    criteria.matchCase = $("match-case").checked;
    criteria.direction = document.querySelector("[name=direction]:checked").value;
    criteria.kinds = new Set([...document.querySelectorAll("[name=kind]:checked")].map((each) => each.value));
    criteria.connection = this.connection;
    criteria.range = readRange($("range").value);
    $("invalid").textContent = "";
    $("query").setAttribute("aria-invalid", "false");
    try {
      this.filter.restart(criteria);
    } catch (error) {
      $("query").setAttribute("aria-invalid", "true");
      $("invalid").textContent = error.message.replace(/^Invalid regular expression: /, "Not a regular expression: ");
      return;
    }
    this.changed();
  }

  /** Select a row and show what it holds. */
  open(row) {
    this.wantsDetail = true;
    this.select(row);
  }

  select(row) {
    this.selected = row;
    if (this.wantsDetail) {
      this.detail.show(row, this.rows.several, this.filter.pattern);
      $("split").classList.add("is-open");
    }
    this.rows.select(row);
    this.timeline.marked = this.#marked();
    this.timeline.draw();
  }

  /** Select the row that many places further down. */
  move(step) {
    const { matches } = this.filter;
    if (!matches.length) return;
    const index = this.selected ? this.filter.find(this.selected) : -1;
    // Without a selection the first row that can be seen is next.
    const first = Math.ceil((this.rows.list.scroller.scrollTop * this.rows.list.ratio) / this.rows.list.rowHeight);
    const target = index < 0 ? first : index + step;
    this.select(matches[Math.min(matches.length - 1, Math.max(0, target))]);
  }

  closeDetail() {
    this.wantsDetail = false;
    $("detail").hidden = true;
    $("split").classList.remove("is-open");
    $("rows").focus();
    this.rows.reveal();
  }

  showView(tab) {
    for (const each of this.tabs) selectTab(each, each === tab);
    $("view-messages").hidden = tab !== this.tabs[0];
    $("view-connection").hidden = tab !== this.tabs[1];
    if (tab === this.tabs[1] && this.connection) showConnection($("view-connection"), this.connection);
    else this.rows.list.draw();
  }

  // What the user does

  #listen() {
    listenToTabs(this.tabs, (tab) => {
      this.hasChosen = true;
      this.showView(tab);
    });
    $("filters").addEventListener("input", () => this.readFilters());
    $("filters").addEventListener("submit", (event) => event.preventDefault());
    $("range").addEventListener("change", () => this.#showTimeline());
    $("clock").addEventListener("click", () => { $("clock").textContent = this.rows.changeClock(); });
    document.addEventListener("keydown", (event) => this.#press(event));
    listenToSplitter($("splitter"), $("split"));
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return this.#escape(event);
    if (event.target.matches("input:not([type=checkbox], [type=radio])")) {
      if (event.target === $("query") && ["Enter", "ArrowDown"].includes(event.key)) this.#toRows(event);
      return;
    }
    if (event.key === "/") {
      event.preventDefault();
      this.showView(this.tabs[0]);
      $("query").select();
    } else if (!$("view-messages").hidden) {
      this.#pressInRows(event);
    }
  }

  #pressInRows(event) {
    const { key, target } = event;
    const inRows = target === $("rows") || target === document.body;
    if (!inRows && key !== "j" && key !== "k") return;
    const { matches } = this.filter;
    if (key === "Enter" && this.selected) {
      this.open(this.selected);
      this.detail.focus();
    } else if (["j", "k", "ArrowDown", "ArrowUp"].includes(key)) {
      this.move(key === "j" || key === "ArrowDown" ? 1 : -1);
    } else {
      const index = this.selected ? this.filter.find(this.selected) : -1;
      const at = targetOf(key, index, matches.length, this.rows.list.page);
      if (at === null) return;
      this.select(matches[at]);
    }
    event.preventDefault();
  }

  /** Go from the search to what was found. */
  #toRows(event) {
    event.preventDefault();
    $("rows").focus();
    if (!this.selected || this.filter.find(this.selected) < 0) this.move(0);
  }

  /** Undo the latest of: a search that is being typed, an open message, a range, a search. */
  #escape(event) {
    const { target } = event;
    if (target.type === "search" && target.value) {
      target.value = "";
      target.dispatchEvent(new Event("input", { bubbles: true }));
    } else if (target === $("query")) {
      $("rows").focus();
    } else if (this.detail.open) {
      this.closeDetail();
    } else if (this.filter.criteria.range) {
      this.chooseRange(null);
    } else if ($("query").value) {
      $("query").value = "";
      this.readFilters();
    } else {
      return;
    }
    event.preventDefault();
  }
}

/** Return the range that a text such as "1.5 – 3" means, or null; either end may be missing. */
function readRange(text) {
  const match = /^\s*([\d.]*)\s*(?:s\s*)?[-–—]\s*([\d.]*)\s*s?\s*$/.exec(text);
  if (!match || (!match[1] && !match[2])) return null;
  const from = Number(match[1] || 0), until = match[2] ? Number(match[2]) : Infinity;
  return Number.isNaN(from + until) ? null : [from, until];
}

/** Let the user drag a splitter, or move it by the arrows. */
function listenToSplitter(splitter, split) {
  const least = 280; // pixels on either side
  const setWidth = (pixels) => {
    const width = Math.min(Math.max(least, pixels), Math.max(least, split.clientWidth - least));
    split.style.setProperty("--detail", `${width}px`);
    splitter.ariaValueNow = Math.round((1 - width / split.clientWidth) * 100);
  };
  const width = () => split.lastElementChild.offsetWidth;
  splitter.addEventListener("pointerdown", (event) => {
    splitter.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  splitter.addEventListener("pointermove", (event) => {
    if (splitter.hasPointerCapture(event.pointerId)) setWidth(split.getBoundingClientRect().right - event.clientX);
  });
  splitter.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: 40, ArrowRight: -40 }[event.key];
    if (!step) return;
    setWidth(width() + step);
    event.preventDefault();
    event.stopPropagation();
  });
}

// The events stand behind this script, so the page is complete when they have been read.
let page = null;
document.addEventListener("DOMContentLoaded", () => {
  page = new Page();
  page.load();
});
