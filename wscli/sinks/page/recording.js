"use strict";

// The recording: its connections, and a row for each message, ping, pong, frame and violation.
// Rows are only ever added, so that a page can be given events while it is open.

const CONNECTION_EVENTS = new Set(["step", "open", "close", "error"]);
const ROW_EVENTS = new Set(["message", "ping", "pong", "frame", "violation"]);

/** The kinds of rows that a user can choose to see. */
const ROW_KINDS = ["text", "binary", "control", "frame"];

/** A row of the list, with the event that it shows. */
class Row {
  constructor(event, connection, index, number) {
    this.event = event;
    this.connection = connection;
    this.index = index; // among all rows
    this.number = number; // among the messages of its connection, from 1; else null
  }

  /** One of ROW_KINDS, or "violation", which is always shown. */
  get kind() {
    const { event, opcode } = this.event;
    if (event === "message") return opcode;
    return event === "ping" || event === "pong" ? "control" : event;
  }

  /** The opcode of a message, else the name of the event. */
  get label() {
    const { event, opcode } = this.event;
    return event === "message" ? opcode : event;
  }

  get incoming() {
    return this.event.direction === "in";
  }

  /** The text of the payload, or null for bytes that are not shown as text. */
  get text() {
    return this.kind === "violation" ? `the peer ${this.event.sentence}` : (this.event.text ?? null);
  }

  /** The payload as bytes. */
  get bytes() {
    const { text, base64 } = this.event;
    return text === undefined ? fromBase64(base64 ?? "") : new TextEncoder().encode(text);
  }

  get size() {
    return this.event.size ?? 0;
  }

  /** Seconds since the epoch. */
  get time() {
    return readTime(this.event.time);
  }
}

/** A connection, or an attempt to open one. */
class Connection {
  constructor(number, began) {
    this.number = number;
    this.began = began; // when the dial began, in seconds since the epoch
    this.attempts = []; // events with an opening; all but the last were redirected
    this.opened = null; // the event "open"
    this.end = null; // the event "close"
    this.errors = []; // the events "error"
    this.changes = 0; // of any of these
    this.elapsed = 0; // of the latest event
    this.counts = { in: 0, out: 0 };
    this.sizes = { in: 0, out: 0 };
    this.kinds = Object.fromEntries([...ROW_KINDS, "violation"].map((kind) => [kind, 0]));
  }

  get opening() {
    return this.attempts.at(-1) ?? null;
  }

  get url() {
    return this.opening?.url ?? "";
  }

  /** The status of the response, or undefined. */
  get status() {
    return this.opening?.response?.status;
  }

  get failed() {
    return this.errors.length > 0 || (this.end !== null && this.end.explained.failed);
  }

  /** How the connection ended, in a few words. */
  get outcome() {
    if (this.end) return `${this.end.code} ${this.end.name}`;
    if (this.opened) return this.errors.length ? "error" : "not closed";
    return this.errors.length ? "not established" : "incomplete";
  }

  /** How the connection ended, in a sentence. */
  get sentence() {
    return this.end?.explained.sentence ?? this.errors[0]?.message ?? this.outcome;
  }

  add(event) {
    this.changes += 1;
    if (event.event === "close") this.end = event;
    if (event.event === "open") this.opened = event;
    if (event.event === "error") this.errors.push(event);
    const { explained } = event;
    if (event.opening) this.#addOpening({ ...event.opening, explained });
    else if (event.url !== undefined) this.#addOpening(event);
  }

  #addOpening(event) {
    // Only a redirect is followed by another attempt, which has no response yet.
    const last = this.opening;
    const isNext = !last || (last.response && !event.response);
    if (isNext) this.attempts.push(event);
    else this.attempts[this.attempts.length - 1] = event;
  }
}

class Recording {
  constructor() {
    this.connections = [];
    this.rows = [];
    this.began = Infinity; // when the first dial began, in seconds since the epoch
    this.ended = -Infinity; // the time of the latest event
  }

  #byNumber = new Map();

  /** Add events, each a line of JSON. */
  append(lines) {
    for (const line of lines.split("\n")) if (line) this.#add(JSON.parse(line));
  }

  #add(event) {
    const connection = this.#connection(event);
    connection.elapsed = Math.max(connection.elapsed, event.elapsed);
    this.ended = Math.max(this.ended, connection.began + event.elapsed);
    if (CONNECTION_EVENTS.has(event.event)) connection.add(event);
    else if (ROW_EVENTS.has(event.event)) this.#addRow(event, connection);
    // A later version may know more events.
  }

  #connection(event) {
    let connection = this.#byNumber.get(event.connection);
    if (!connection) {
      connection = new Connection(event.connection, readTime(event.time) - event.elapsed);
      this.#byNumber.set(event.connection, connection);
      this.connections.push(connection);
      this.began = Math.min(this.began, connection.began);
    }
    return connection;
  }

  #addRow(event, connection) {
    const isMessage = event.event === "message";
    if (isMessage) {
      connection.counts[event.direction] += 1;
      connection.sizes[event.direction] += event.size;
    }
    const number = isMessage ? connection.counts.in + connection.counts.out : null;
    const row = new Row(event, connection, this.rows.length, number);
    connection.kinds[row.kind] += 1;
    this.rows.push(row);
  }

  /** Seconds from the first dial to the latest event. */
  get duration() {
    return Math.max(0, this.ended - this.began);
  }

  /** Seconds since the dial of a row's connection, or since the first of all for several. */
  at(row, several) {
    return row.event.elapsed + (several ? row.connection.began - this.began : 0);
  }
}

/** Sum a value of connections. */
function total(connections, value) {
  return connections.reduce((sum, each) => sum + value(each), 0);
}
