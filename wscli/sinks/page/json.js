"use strict";

// JSON as the peer wrote it (RFC 8259). JSON.parse would round 12345678901234567890, turn 1.0e5 into
// 100000, drop the first of two equal keys, and put the key "2" before the key "10". So this parser
// keeps tokens, and it has no recursion, since a peer may nest a message as deep as it likes.

const JSON_SPACE = /[ \t\r\n]*/y;
const JSON_NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const JSON_CONSTANT = /true|false|null/y;
const JSON_MARKS = "[]{}:,";

/** A value of a JSON text. `key` is the token of a member's name, or the index of an element. */
class JsonNode {
  constructor(kind, token, parent, key) {
    this.kind = kind; // "object", "array", "string", "number" or "constant"
    this.token = token; // as it was written; "" for a container
    this.parent = parent;
    this.key = key;
    this.children = kind === "object" || kind === "array" ? [] : null;
    this.expanded = false;
    this.level = parent ? parent.level + 1 : 0;
  }

  /** The name of a member without its quotation marks, "" for an element. */
  get name() {
    return typeof this.key === "string" ? JSON.parse(this.key) : "";
  }

  /** The decoded text of a string, else the token. */
  get text() {
    return this.kind === "string" ? JSON.parse(this.token) : this.token;
  }

  /** The JSONPath of the value (RFC 9535 §2.7), such as $.items[3].price, as --select takes it. */
  get path() {
    const steps = [];
    for (let node = this; node.parent; node = node.parent) {
      if (typeof node.key === "number") steps.push(`[${node.key}]`);
      else if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(node.name)) steps.push(`.${node.name}`);
      else steps.push(`[${node.key}]`);
    }
    return `$${steps.reverse().join("")}`;
  }
}

class NotJson extends Error {}

/** Return the tree of a JSON text, or null if it is not JSON. */
function parseJson(text) {
  try {
    return new JsonParser(text).parse();
  } catch (error) {
    if (error instanceof NotJson) return null;
    throw error;
  }
}

class JsonParser {
  constructor(text) {
    this.text = text;
    this.position = text.startsWith("\ufeff") ? 1 : 0; // a parser may ignore it (§8.1)
  }

  parse() {
    const root = this.value(null, null, this.next());
    let container = root.children ? root : null;
    while (container) container = this.member(container);
    if (this.position !== this.text.length) throw new NotJson();
    return root;
  }

  next() {
    this.match(JSON_SPACE);
    const first = this.text[this.position];
    const token = first === '"' ? this.string() : this.word(first);
    this.match(JSON_SPACE);
    return token;
  }

  match(pattern) {
    pattern.lastIndex = this.position;
    const match = pattern.exec(this.text);
    if (match) this.position = pattern.lastIndex;
    return match && match[0];
  }

  word(first) {
    if (first && JSON_MARKS.includes(first)) {
      this.position += 1;
      return { kind: "mark", token: first };
    }
    const constant = this.match(JSON_CONSTANT);
    const token = constant ?? this.match(JSON_NUMBER);
    if (!token) throw new NotJson();
    return { kind: constant ? "constant" : "number", token };
  }

  /** Read a string. A regular expression for it would run out of stack in a long one. */
  string() {
    const start = this.position;
    let end = start, escaped;
    do {
      end = this.text.indexOf('"', end + 1);
      if (end < 0) throw new NotJson();
      let slash = end;
      while (this.text[slash - 1] === "\\") slash -= 1;
      escaped = (end - slash) % 2 === 1;
    } while (escaped);
    const token = this.text.slice(start, end + 1);
    if (/[\\\x00-\x1f]/.test(token)) checkString(token);
    this.position = end + 1;
    return { kind: "string", token };
  }

  value(parent, key, { kind, token }) {
    if (kind !== "mark") return new JsonNode(kind, token, parent, key);
    if (token !== "{" && token !== "[") throw new NotJson();
    return new JsonNode(token === "{" ? "object" : "array", "", parent, key);
  }

  /** Read one more member or the end of a container; return the container that is open then. */
  member(container) {
    const { children } = container;
    let token = this.next();
    if (token.token === (container.kind === "object" ? "}" : "]")) return container.parent;
    if (children.length > 0) {
      if (token.token !== ",") throw new NotJson();
      token = this.next();
    }
    let key = children.length;
    if (container.kind === "object") {
      if (token.kind !== "string" || this.next().token !== ":") throw new NotJson();
      key = token.token;
      token = this.next();
    }
    const child = this.value(container, key, token);
    children.push(child);
    return child.children ? child : container;
  }
}

/** Raise NotJson for a string with an escape that does not exist, or with a control character. */
function checkString(token) {
  try {
    JSON.parse(token);
  } catch {
    throw new NotJson();
  }
}
