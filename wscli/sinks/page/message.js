"use strict";

// One row in detail: as a JSON tree, as text, or as a hex dump.

const FORMS = ["json", "text", "hex"];
const SHOWN_TEXT = 256 << 10; // characters of a text that are shown at first
const WIDE_DUMP = 575; // pixels that sixteen bytes in a row need

class MessagePanel {
  /** Show messages in an element; the buttons call `close` and `move`, with 1 or -1. */
  constructor(element, { close, move }) {
    this.element = element;
    this.preferred = null; // the form that the user chose last
    this.row = null;
    this.#collect();
    this.tree = new JsonTree(this.parts.tree, (node) => this.#showNode(node));
    this.dump = new VirtualList(this.parts.hex, {
      rowHeight: 18,
      make: makeDumpRow,
      fill: (line, index) => this.#fillDump(line, index),
    });
    new ResizeObserver(() => this.#sizeDump()).observe(this.parts.hex);
    this.#listen(close, move);
  }

  #collect() {
    const names = [...this.element.querySelectorAll("[data-part]")];
    this.parts = Object.fromEntries(names.map((part) => [part.dataset.part, part]));
    this.tabs = [...this.element.querySelectorAll("[role=tab]")];
    this.parts.actions.prepend(copyButton("Copy the message", () => this.#copied()));
  }

  #listen(close, move) {
    const { parts } = this;
    parts.close.addEventListener("click", close);
    parts.previous.addEventListener("click", () => move(-1));
    parts.next.addEventListener("click", () => move(1));
    listenToTabs(this.tabs, (tab) => {
      this.preferred = tab.dataset.form;
      this.#showForm(this.preferred);
    });
    parts.find.addEventListener("input", () => this.#find());
    parts.find.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.tree.next(event.shiftKey ? -1 : 1);
      this.#countFound();
    });
    parts.expand.addEventListener("click", () => this.tree.toggleAll(true));
    parts.collapse.addEventListener("click", () => this.tree.toggleAll(false));
    parts.node.append(copyButton("Copy the value", () => this.tree.selected.text));
    parts.all.addEventListener("click", () => this.#showText(Infinity));
  }

  get open() {
    return !this.element.hidden;
  }

  focus() {
    (this.form === "json" ? this.parts.tree : this.parts[this.form]).focus();
  }

  /** Show a row; matches of `pattern` are marked in its text. */
  show(row, several, pattern) {
    this.row = row;
    this.pattern = pattern;
    this.bytes = row.bytes;
    this.text = row.text ?? decodeUtf8(this.bytes);
    this.json = this.text === null ? null : containerOf(this.text);
    this.element.hidden = false;
    this.#showTitle(several);
    this.parts.facts.replaceChildren(...factList(rowFacts(row)).children);
    this.parts.facts.hidden = !this.parts.facts.childElementCount;
    const able = { json: this.json !== null, text: this.text !== null, hex: row.kind !== "violation" };
    for (const tab of this.tabs) tab.disabled = !able[tab.dataset.form];
    this.#showForm(able[this.preferred] ? this.preferred : this.#bestForm(able));
  }

  /** Return the form that wscli shows a message in at a terminal. */
  #bestForm(able) {
    if (this.row.text === null) return "hex";
    return FORMS.find((form) => able[form]);
  }

  #showTitle(several) {
    const { row, parts } = this;
    const number = row.number === null ? "" : `#${showCount(row.number)} `;
    const where = several ? ` · connection ${row.connection.number}` : "";
    const opcode = row.kind === "frame" ? `, ${row.event.opcode}` : "";
    parts.title.replaceChildren(arrowOf(row), ` ${number}${row.label}${opcode}`);
    const times = `${row.event.elapsed.toFixed(6)} s · ${showClock(row.time)}`;
    parts.meta.textContent = `${plural(row.size, "byte")} · ${times}${where}`;
    parts.meta.title = row.event.time;
  }

  #showForm(form) {
    const { parts } = this;
    this.form = form;
    for (const tab of this.tabs) selectTab(tab, tab.dataset.form === form);
    for (const each of FORMS) parts[each].hidden = each !== form;
    parts.node.hidden = parts.tools.hidden = form !== "json";
    parts.all.hidden = true;
    if (form === "json") this.#showTree();
    else if (form === "text") this.#showText(SHOWN_TEXT);
    else this.#sizeDump();
  }

  // JSON

  #showTree() {
    this.tree.show(this.json);
    if (this.parts.find.value) this.#find();
    else this.parts.found.textContent = "";
  }

  #find() {
    this.tree.find(this.parts.find.value);
    this.#countFound();
  }

  #countFound() {
    const { found, place } = this.tree;
    const { parts } = this;
    if (found.length) parts.found.textContent = `${showCount(place + 1)} of ${showCount(found.length)}`;
    else parts.found.textContent = parts.find.value ? "none" : "";
  }

  #showNode(node) {
    showText(this.parts.path, node.path);
    // A value that its row shows whole needs no second place.
    const isShown = node.kind !== "string" || (node.text.length < 40 && node.token === `"${node.text}"`);
    this.parts.value.hidden = isShown;
    if (!isShown) showText(this.parts.value, node.text.slice(0, SHOWN_TEXT), { keep: "\n\t" });
  }

  // Text and hex

  #showText(most) {
    const { parts, text } = this;
    showText(parts.plain, text.slice(0, most), { keep: "\n\t", pattern: this.pattern });
    parts.plain.classList.toggle("empty", text === "");
    parts.all.hidden = text.length <= most;
    parts.all.textContent = `Show all ${showCount(text.length)} characters`;
  }

  #sizeDump() {
    if (this.form !== "hex") return;
    this.dumpWidth = this.parts.hex.clientWidth < WIDE_DUMP ? 8 : 16;
    this.dump.update(Math.ceil(this.bytes.length / this.dumpWidth));
  }

  #fillDump(line, index) {
    const { offset, digits, ascii } = hexRow(this.bytes, index * this.dumpWidth, this.dumpWidth);
    const [first, second, third] = line.children;
    first.textContent = offset;
    second.textContent = digits;
    third.textContent = ascii;
  }

  #copied() {
    return this.form === "hex" ? hexDump(this.bytes) : this.text;
  }
}

function makeDumpRow() {
  return make("div", "dump", undefined, make("span", "offset"), make("span", "digits"), make("span", "ascii"));
}

/** Return the tree of a JSON object or array, or null: other values are text for people. */
function containerOf(text) {
  return /^\ufeff?[ \t\r\n]*[{[]/.test(text) ? parseJson(text) : null;
}

/** Return an arrow in the colour of a row's direction. */
function arrowOf(row) {
  const arrow = make("span", `arrow ${row.event.direction}`, row.incoming ? "↓" : "↑");
  arrow.role = "img";
  arrow.ariaLabel = row.incoming ? "received" : "sent";
  return arrow;
}

/** Return the facts of a row that is not a message. */
function rowFacts({ kind, event }) {
  if (kind === "violation") {
    return [
      ["section", event.section],
      ["close code", event.close_code],
      ["evidence", event.evidence, "\n\t"],
    ];
  }
  if (event.event === "pong") return [["round trip", event.rtt && showDuration(event.rtt)]];
  return kind === "frame" ? frameFacts(event) : [];
}

function frameFacts(event) {
  const [code, reason] = closeOf(event);
  return [
    ["FIN", event.fin ? "1, the last frame of its message" : "0, more frames follow"],
    ["RSV", event.rsv.toString(2).padStart(3, "0") + (event.rsv & 4 ? ", compressed" : "")],
    ["mask", event.masked ? event.mask_key : "none"],
    ["declared", event.complete === false ? `${plural(event.length, "byte")}; not all arrived` : null],
    ["on the wire", plural(event.wire_size, "byte")],
    ["close code", code],
    ["reason", reason],
  ];
}

/** Return code and reason of a Close frame. */
function closeOf({ opcode, base64 }) {
  const bytes = opcode === "close" ? fromBase64(base64) : [];
  if (bytes.length < 2) return [null, ""];
  return [bytes[0] * 256 + bytes[1], new TextDecoder().decode(bytes.subarray(2))];
}
