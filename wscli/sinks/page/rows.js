"use strict";

// The list of messages and, where the user asks for them, pings, pongs and frames.

const PREVIEW = 300; // characters of a payload in its row
const BEFORE_MATCH = 30; // characters before a match that is far into a payload
const PREVIEW_BYTES = 16;
const CLOCKS = { Elapsed: "Clock", Clock: "Delta", Delta: "Elapsed" };

class RowList {
  /** List the matches of a filter in an element; `choose` is called with a row. */
  constructor(element, filter, choose) {
    Object.assign(this, { element, filter, choose });
    this.selected = null;
    this.clock = "Elapsed"; // since the dial; or "Clock", or "Delta" since the row before
    this.list = new VirtualList(element, {
      rowHeight: 22,
      head: element.querySelector(".columns"),
      make: () => this.#makeRow(),
      fill: (row, index) => this.#fillRow(row, index),
    });
  }

  get several() {
    return this.filter.criteria.connection === null;
  }

  /** Show the matches, all of them again if the criteria are others. */
  update() {
    const { matches, criteria } = this.filter;
    this.element.ariaRowCount = matches.length + 1;
    if (this.criteria === criteria) return this.list.resize(matches.length);
    this.criteria = criteria;
    this.element.classList.toggle("has-several", this.several);
    this.list.update(matches.length);
    return this.#activate();
  }

  select(row) {
    this.selected = row;
    for (const element of this.list.pool) this.#markSelected(element);
    this.reveal();
  }

  /** Scroll to the selected row, if it is listed. */
  reveal() {
    const index = this.selected ? this.filter.find(this.selected) : -1;
    if (index >= 0) this.list.reveal(index);
    this.#activate();
  }

  #markSelected(element) {
    element.ariaSelected = String(this.filter.matches[element.rowIndex] === this.selected);
  }

  #activate() {
    const row = this.list.pool.find((each) => !each.hidden && each.ariaSelected === "true");
    this.element.setAttribute("aria-activedescendant", row?.id ?? "");
  }

  /** Show another time; return its name. */
  changeClock() {
    this.clock = CLOCKS[this.clock];
    this.list.update();
    return this.clock;
  }

  #makeRow() {
    const row = make("div", "row");
    row.role = "row";
    row.id = `row-${this.list?.pool.length ?? 0}`;
    for (const name of ["connection several", "number", "time", "way", "label", "size", "payload"]) {
      const cell = make("span", name);
      cell.role = "gridcell";
      row.append(cell);
    }
    row.addEventListener("click", () => this.choose(this.filter.matches[row.rowIndex]));
    return row;
  }

  #fillRow(element, index) {
    const row = this.filter.matches[index];
    const [connection, number, time, way, label, size, payload] = element.children;
    element.className = `row ${row.kind}`;
    this.#markSelected(element);
    element.ariaRowIndex = index + 2;
    connection.textContent = row.connection.number;
    number.textContent = row.number === null ? "" : showCount(row.number);
    time.textContent = this.#showTime(row, index);
    way.replaceChildren(arrowOf(row));
    label.textContent = row.label;
    size.textContent = row.kind === "violation" ? "" : showSize(row.size);
    showText(payload, preview(row, this.filter.pattern), { pattern: this.filter.pattern });
  }

  #showTime(row, index) {
    if (this.clock === "Clock") return showClock(row.time);
    const { recording, matches } = this.filter;
    const at = recording.at(row, this.several);
    if (this.clock === "Elapsed") return at.toFixed(3);
    if (index === 0) return "";
    return `+${showDuration(Math.max(0, at - recording.at(matches[index - 1], this.several)))}`;
  }
}

/** Return a line for a row: the first that has text, from a little before a match on. */
function preview(row, pattern) {
  const { event, kind } = row;
  if (kind === "frame") return frameLine(row);
  const rtt = event.rtt === undefined ? "" : `${showDuration(event.rtt)}  `;
  if (row.text === null) return rtt + bytesLine(row);
  const start = matchStart(row.text, pattern);
  const line = start ? row.text.slice(start) : row.text.trimStart();
  const shown = line.slice(0, PREVIEW).split("\n", 1)[0];
  return `${start ? "…" : ""}${shown}${shown.length < line.trimEnd().length ? " …" : ""}`;
}

/** Return where the preview begins: at 0 unless the first match would be out of sight. */
function matchStart(text, pattern) {
  const match = pattern?.exec(text);
  if (!match) return 0;
  const isInFirstLine = !text.slice(0, match.index).trimStart().includes("\n");
  const isSeen = match.index < 2 * BEFORE_MATCH && isInFirstLine;
  return isSeen ? 0 : match.index - Math.min(match.index, BEFORE_MATCH);
}

/** Return a ping's text, where it is that, and else the first bytes. */
function bytesLine(row) {
  // Only the bytes in the row are decoded: four characters of base64 are three bytes.
  const head = fromBase64(row.event.base64.slice(0, 4 * Math.ceil((PREVIEW_BYTES + 1) / 3)));
  const text = row.kind === "control" ? decodeUtf8(row.bytes) : null;
  if (text !== null && text === visible(text)) return text;
  const { digits, ascii } = hexRow(head, 0, PREVIEW_BYTES);
  return head.length ? `${digits}  ${ascii}${row.size > PREVIEW_BYTES ? " …" : ""}` : "";
}

/** Return the header of a frame and the beginning of its payload. */
function frameLine(row) {
  const { opcode, fin, rsv, masked, mask_key: key, complete, wire_size: size } = row.event;
  const [code, reason] = closeOf(row.event);
  const parts = [
    opcode.padEnd(6),
    fin ? "fin" : "---",
    `rsv ${rsv.toString(2).padStart(3, "0")}`,
    masked ? `mask ${key}` : "no mask",
    `${showCount(size)} B on the wire`,
    complete === false ? "incomplete" : "",
    code ? `${code} ${reason}` : (row.text?.slice(0, PREVIEW) ?? bytesLine(row)),
  ];
  return parts.filter(Boolean).join("  ");
}
