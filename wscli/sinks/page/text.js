"use strict";

// How values are written, in the words and units of wscli at a terminal.

// Values of wscli: its version, and the pattern of characters that are not shown as they are. The
// reasons are in wscli/text.py.
const KNOWN = JSON.parse(document.getElementById("knowledge").textContent);
const UNSAFE = new RegExp(KNOWN.unsafe, "gu");

/** Return the symbol for a character that must not be shown as it is. */
function symbol(character) {
  const code = character.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? "␡" : `<U+${code.toString(16).toUpperCase().padStart(4, "0")}>`;
}

/** Return text of several lines with unsafe characters as symbols, except those in `keep`. */
function visible(text, keep = "") {
  return text.replace(UNSAFE, (character) => (keep.includes(character) ? character : symbol(character)));
}

/** Return text of one line, in which a line feed is a symbol too. */
const visibleLine = (text) => visible(text).replaceAll("\n", "␊");

/** Split text into parts that are `plain`, are a `symbol` for a character, or are a `match`. */
function textParts(text, keep, pattern = null) {
  const parts = [];
  const add = (kind, value) => value && parts.push({ kind, value });
  const addVisible = (piece, isMatch) => {
    if (isMatch) return add("match", visible(piece, keep));
    let start = 0;
    for (const found of piece.matchAll(UNSAFE)) {
      if (keep.includes(found[0])) continue;
      add("plain", piece.slice(start, found.index));
      add("symbol", symbol(found[0]));
      start = found.index + found[0].length;
    }
    add("plain", piece.slice(start));
  };
  let start = 0;
  for (const found of pattern ? text.matchAll(new RegExp(pattern, `${pattern.flags}g`)) : []) {
    addVisible(text.slice(start, found.index), false);
    addVisible(found[0], true);
    start = found.index + found[0].length;
  }
  addVisible(text.slice(start), false);
  return parts;
}

/** Show a peer's text in an element: never as markup, and with every character visible. */
function showText(element, text, { keep = "", pattern = null } = {}) {
  element.replaceChildren(
    ...textParts(text, keep, pattern).map(({ kind, value }) => {
      if (kind === "plain") return value; // append() makes a text node of a string
      return make(kind === "match" ? "mark" : "span", kind === "match" ? "" : "symbol", value);
    }),
  );
}

/** Make an element with a class and a text. */
function make(tag, name = "", text = undefined, ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

const COUNTS = new Intl.NumberFormat("en"); // toLocaleString takes ten times as long

const showCount = (count) => COUNTS.format(count);

function plural(count, noun) {
  return `${showCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function showSize(size) {
  if (size < 1024) return `${size} B`;
  const units = ["KiB", "MiB", "GiB"];
  let amount = size / 1024;
  while (amount >= 1024 && units.length > 1) {
    amount /= 1024;
    units.shift();
  }
  return `${amount.toFixed(amount < 100 ? 1 : 0)} ${units[0]}`;
}

/** Write seconds with a unit that suits them, from microseconds to hours. */
function showDuration(seconds) {
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const minutes = Math.round(seconds / 60), whole = Math.round(seconds);
  if (minutes < 60) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Return the seconds since the epoch of a time as `2026-01-31T12:00:00.123456Z`. */
function readTime(time) {
  // Date keeps milliseconds only, and a recording has microseconds.
  return Date.parse(`${time.slice(0, 19)}Z`) / 1000 + Number(`0${time.slice(19, -1)}`);
}

/** Write the local time of day to the millisecond. */
function showClock(seconds) {
  const when = new Date(Math.round(seconds * 1000));
  const two = (number) => String(number).padStart(2, "0");
  const milli = String(when.getMilliseconds()).padStart(3, "0");
  return `${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}.${milli}`;
}

/** Write the local date and the time of day to the second. */
function showDate(seconds) {
  const when = new Date(seconds * 1000);
  const two = (number) => String(number).padStart(2, "0");
  const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  return `${day} ${showClock(seconds).slice(0, 8)}`;
}

/** Return the bytes that base64 stands for. */
function fromBase64(text) {
  const octets = atob(text);
  const bytes = new Uint8Array(octets.length);
  // Uint8Array.from would call a function for each byte, and a search decodes every binary message.
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = octets.charCodeAt(at);
  return bytes;
}

/** Decode bytes as UTF-8, or return null. */
function decodeUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Decode the head of a request or response: UTF-8, else ISO-8859-1, which takes any byte. */
function decodeHead(bytes) {
  return decodeUtf8(bytes) ?? bytes.reduce((text, octet) => text + String.fromCharCode(octet), "");
}

/** Return offset, digits and ASCII of some bytes, as `hexdump -C` writes them. */
function hexRow(bytes, start, width) {
  const part = bytes.subarray(start, start + width);
  const digits = [];
  let ascii = "";
  for (const octet of part) {
    digits.push(octet.toString(16).padStart(2, "0"));
    ascii += octet > 31 && octet < 127 ? String.fromCharCode(octet) : ".";
  }
  const groups = [];
  for (let at = 0; at < width; at += 8) groups.push(digits.slice(at, at + 8).join(" ").padEnd(23));
  return { offset: start.toString(16).padStart(8, "0"), digits: groups.join("  "), ascii };
}

/** Return the whole dump of some bytes. */
function hexDump(bytes) {
  const lines = [];
  for (let start = 0; start < bytes.length; start += 16) {
    const { offset, digits, ascii } = hexRow(bytes, start, 16);
    lines.push(`${offset}  ${digits}  |${ascii}|`);
  }
  return lines.join("\n");
}
