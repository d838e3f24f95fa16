"use strict";

// Which rows are listed. Rows are tested in slices of a few milliseconds, so that typing and
// scrolling stay smooth while 100,000 messages are searched, and rows that come later are tested too.

const UTF8 = new TextDecoder(); // invalid bytes become U+FFFD
const SLICE = 8; // milliseconds, half of a frame
const ROW_WORK = 500; // bytes that could be searched in the time that a row takes by itself
const CLOCK_WORK = 32_000; // bytes

/** The user's choice of rows. */
class Criteria {
  query = "";
  isRegex = false;
  matchCase = false;
  direction = ""; // "in", "out", or "" for both
  kinds = new Set(["text", "binary"]);
  connection = null; // null for all
  range = null; // [from, until] on the timeline, in seconds
}

/** Return the pattern of a search, or null for none. Raises SyntaxError for an invalid one. */
function readPattern({ query, isRegex, matchCase }) {
  if (!query) return null;
  // Without "u", \p{L} would mean "p{L}", and a character beyond U+FFFF would be two.
  const source = isRegex ? query : query.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
  return new RegExp(source, matchCase ? "u" : "iu");
}

/** Return the bytes that a query such as 0x00ff stands for, as a string of bytes, or null. */
function readBytes({ query, isRegex }) {
  const digits = isRegex ? null : /^0x((?:[0-9a-f]{2})+)$/i.exec(query.replaceAll(" ", ""));
  return digits && String.fromCharCode(...digits[1].match(/../g).map((pair) => parseInt(pair, 16)));
}

class Filter {
  constructor(recording) {
    this.recording = recording;
    this.restart(new Criteria());
  }

  /** Start again with other criteria. Raises SyntaxError for an invalid regular expression. */
  restart(criteria) {
    this.pattern = readPattern(criteria); // first, since it may raise
    this.criteria = criteria;
    this.octets = readBytes(criteria);
    this.matches = [];
    this.tested = 0; // rows
  }

  get done() {
    return this.tested === this.recording.rows.length;
  }

  /** Test rows for a few milliseconds. */
  advance() {
    const until = performance.now() + SLICE;
    const { rows } = this.recording;
    let work = 0; // bytes since the clock was read, which takes as long as testing a short row
    while (this.tested < rows.length) {
      const row = rows[this.tested];
      this.tested += 1;
      if (this.#accepts(row)) this.matches.push(row);
      work += row.size + ROW_WORK;
      if (work > CLOCK_WORK) {
        if (performance.now() > until) return;
        work = 0;
      }
    }
  }

  #accepts(row) {
    const { connection, direction, kinds, range } = this.criteria;
    if (connection && row.connection !== connection) return false;
    if (direction && row.event.direction !== direction) return false;
    const { kind } = row;
    if (kind !== "violation" && !kinds.has(kind)) return false;
    if (range) {
      const at = this.recording.at(row, connection === null);
      if (at < range[0] || at > range[1]) return false;
    }
    return !this.pattern || this.#contains(row);
  }

  #contains(row) {
    const { text } = row;
    if (text !== null) return this.pattern.test(text);
    const { base64 } = row.event;
    if (this.octets !== null) return atob(base64).includes(this.octets);
    return this.pattern.test(UTF8.decode(fromBase64(base64)));
  }

  /** Return the place of a row among the matches, or -1. */
  find(row) {
    let low = 0, high = this.matches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.matches[middle].index < row.index) low = middle + 1;
      else high = middle;
    }
    return this.matches[low] === row ? low : -1;
  }
}
