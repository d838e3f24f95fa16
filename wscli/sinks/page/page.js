"use strict";

// The page as a whole: it holds the selection and updates the parts. Events are added with
// page.append(lines): once for each block in the file, or whenever some arrive.

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
    this.hasChosen = false; // whether the user has chosen a connection or a view
    this.tabs = [$("tab-messages"), $("tab-connection")];
    this.form = new FilterForm($("filters"), () => this.readForm());
    this.timeline = new Timeline($("timeline"), (range) => this.chooseRange(range));
    this.rows = new RowList($("rows"), this.filter, (row) => this.open(row));
    this.connections = new ConnectionList($("connections"), this.recording, (each) => {
      this.hasChosen = true;
      this.chooseConnection(each);
    });
    this.detail = new MessagePanel($("detail"), {
      close: () => this.closeDetail(),
      move: (step) => this.move(step),
    });
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
    if (this.connection && !this.recording.rows.length) this.showView(this.tabs[1]);
    this.#showTimeline();
    this.changed();
  }

  /** Add events, each a line of JSON. */
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

  /** Draw the changes in the next frame. */
  changed() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.#draw();
    });
  }

  #draw() {
    const { filter, rows } = this;
    const follows = this.loaded && rows.list.count > 0 && rows.list.atEnd;
    filter.advance();
    rows.update();
    if (follows) rows.list.reveal(rows.list.count - 1);
    this.connections.update(this.connection);
    this.form.showCounts(this.chosen, filter);
    $("nothing").hidden = !(filter.done && !filter.matches.length && this.loaded);
    $("nothing").textContent = whyEmpty(this.chosen);
    this.#showSummary();
    this.#showConnection();
    if (!filter.done) this.changed();
  }

  /** The connections that are shown. */
  get chosen() {
    return this.connection ? [this.connection] : this.recording.connections;
  }

  #showSummary() {
    const { connections, duration, began } = this.recording;
    const sum = (name, direction) => total(connections, (each) => each[name][direction]);
    const parts = [
      showDate(began),
      showDuration(duration),
      plural(connections.length, "connection"),
      plural(sum("counts", "in") + sum("counts", "out"), "message"),
      `↑ ${showSize(sum("sizes", "out"))} ↓ ${showSize(sum("sizes", "in"))}`,
    ];
    if (connections.length) $("summary").textContent = parts.join(" · ");
    else if (this.loaded) $("summary").textContent = "no events";
  }

  /** Show opening and end of the selected connection, unless they are shown as they are. */
  #showConnection() {
    const { connection } = this;
    const isView = this.tabs[1].ariaSelected === "true";
    const state = connection && `${connection.number} ${connection.changes} ${isView}`;
    if (state === this.shownState) return;
    this.shownState = state;
    const timings = connection?.opening?.timings ?? {};
    $("phases").replaceChildren(...phaseRows(timings));
    $("opening").hidden = !$("phases").childElementCount;
    $("opening-took").textContent = showDuration(tookInAll(timings));
    $("ending").className = connection?.failed ? "failed" : "";
    showText($("ending"), connection?.sentence ?? "");
    $("ending").title = $("ending").textContent;
    this.tabs[1].hidden = !connection;
    if (isView && connection) showConnection($("view-connection"), connection);
  }

  #showTimeline() {
    const { timeline } = this;
    timeline.marked = this.#marked();
    timeline.range = this.filter.criteria.range;
    timeline.show(this.recording, this.connection);
    const sent = total(this.chosen, (each) => each.counts.out);
    const received = total(this.chosen, (each) => each.counts.in);
    const seconds = showDuration(timeline.duration);
    $("timeline").ariaLabel = `${plural(sent, "message")} sent and ${showCount(received)} received in ${seconds}`;
  }

  /** The place of the selected row on the timeline, or null. */
  #marked() {
    return this.selected && this.recording.at(this.selected, !this.connection);
  }

  // Selection

  /** Show one connection, or all with null. */
  chooseConnection(connection) {
    this.connection = connection;
    if (connection && this.selected && this.selected.connection !== connection) {
      this.selected = null;
      this.#hideDetail();
    }
    if (!connection) this.showView(this.tabs[0]);
    this.chooseRange(null);
  }

  /** Show the rows of a range of the timeline alone, or all with null. */
  chooseRange(range) {
    this.form.showRange(range, this.timeline.decimals);
    this.readForm();
  }

  /** Filter by the form. */
  readForm() {
    let error = null;
    try {
      this.filter.restart(this.form.criteria(this.connection));
    } catch (syntaxError) {
      error = syntaxError;
    }
    this.form.showError(error);
    this.#showTimeline();
    this.changed();
  }

  /** Select a row, and show it in detail. */
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
    const index = this.#place();
    this.#selectAt(index < 0 ? this.rows.list.first : index + step);
  }

  #selectAt(index) {
    const { matches } = this.filter;
    if (matches.length) this.select(matches[Math.min(matches.length - 1, Math.max(0, index))]);
  }

  /** The place of the selected row in the list, or -1. */
  #place() {
    return this.selected ? this.filter.find(this.selected) : -1;
  }

  closeDetail() {
    this.wantsDetail = false;
    this.#hideDetail();
    $("rows").focus();
    this.rows.reveal();
  }

  #hideDetail() {
    $("detail").hidden = true;
    $("split").classList.remove("is-open");
  }

  showView(tab) {
    for (const each of this.tabs) selectTab(each, each === tab);
    $("view-messages").hidden = tab !== this.tabs[0];
    $("view-connection").hidden = tab !== this.tabs[1];
    this.changed();
  }

  // Input

  #listen() {
    listenToTabs(this.tabs, (tab) => {
      this.hasChosen = true;
      this.showView(tab);
    });
    listenToSplitter($("splitter"), $("split"));
    $("clock").addEventListener("click", () => { $("clock").textContent = this.rows.changeClock(); });
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  #press(event) {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyped = target.matches("input:not([type=checkbox], [type=radio])");
    if (key === "Escape") this.#escape(event);
    else if (target === $("query") && ["Enter", "ArrowDown"].includes(key)) this.#toRows(event);
    else if (key === "/" && !isTyped) this.#toSearch(event);
    else if (!isTyped && !$("view-messages").hidden) this.#pressInRows(event);
  }

  #pressInRows(event) {
    const { key, target } = event;
    const isLetter = key === "j" || key === "k"; // which no other part of the page uses
    if (!isLetter && target !== $("rows") && target !== document.body) return;
    if (key === "Enter" && this.selected) {
      this.open(this.selected);
      this.detail.focus();
    } else {
      const index = this.#place(), { length } = this.filter.matches;
      const next = targetOf(key, index, length, this.rows.list.page);
      if (next === null) return;
      if (index < 0 && (isLetter || key.startsWith("Arrow"))) this.move(0);
      else this.select(this.filter.matches[next]);
    }
    event.preventDefault();
  }

  #toSearch(event) {
    this.showView(this.tabs[0]);
    this.form.query.select();
    event.preventDefault();
  }

  /** Go from the search to the rows that it found. */
  #toRows(event) {
    $("rows").focus();
    this.move(0);
    event.preventDefault();
  }

  /** Clear the search that is being typed; else close the message; else clear the filters. */
  #escape(event) {
    const { target } = event;
    if (target.type === "search" && target.value) clear(target);
    else if (target === this.form.query) $("rows").focus();
    else if (this.detail.open) this.closeDetail();
    else if (this.form.range.value) this.chooseRange(null);
    else if (this.form.query.value) clear(this.form.query);
    else return;
    event.preventDefault();
  }
}

function clear(input) {
  input.value = "";
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

// The events stand behind this script in the file, so they are read when all of it has been.
let page = null;
document.addEventListener("DOMContentLoaded", () => {
  page = new Page();
  page.load();
});
