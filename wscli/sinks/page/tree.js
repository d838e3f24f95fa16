"use strict";

// A JSON text as a tree. The rows that are expanded form a virtual list, so that an array of a
// million numbers opens as fast as one of ten. Roles and keys are those of the ARIA tree pattern.

const FIRST_ROWS = 200; // at most this many are expanded at first
const LONGEST_TOKEN = 500; // characters of a value in its row; the field below shows all
const MOST_FOUND = 10_000;

class JsonTree {
  /** Show trees in an element; `onSelect` is called with the selected node. */
  constructor(element, onSelect) {
    this.element = element;
    this.onSelect = onSelect;
    this.nodes = []; // the rows
    this.selected = null;
    this.found = [];
    this.place = -1; // among those found
    element.role = "tree";
    element.tabIndex = 0;
    element.ariaLabel = "JSON of the message";
    this.list = new VirtualList(element, {
      rowHeight: 20,
      make: () => this.#makeRow(),
      fill: (row, index) => this.#fillRow(row, index),
    });
    element.addEventListener("keydown", (event) => this.#press(event));
  }

  show(root) {
    this.root = root;
    this.query = "";
    this.found = [];
    this.#expandFirst();
    this.element.scrollTop = 0;
    this.select(root);
  }

  /** Expand level by level as long as there are few rows. */
  #expandFirst() {
    let rows = 1;
    for (let level = [this.root]; level.length; ) {
      const next = [];
      for (const node of level) {
        if (!node.children || rows + node.children.length > FIRST_ROWS) continue;
        node.expanded = true;
        rows += node.children.length;
        next.push(...node.children);
      }
      level = next;
    }
    this.#layOut();
  }

  /** List the nodes of which all parents are expanded. */
  #layOut() {
    const nodes = [], waiting = [this.root];
    while (waiting.length) {
      const node = waiting.pop();
      nodes.push(node);
      if (node.expanded) pushReversed(waiting, node.children);
    }
    this.nodes = nodes;
    this.list.update(nodes.length);
  }

  select(node) {
    this.selected = node;
    if (this.#expandParents(node)) this.#layOut();
    else this.list.update();
    this.list.reveal(this.nodes.indexOf(node));
    this.#activate();
    this.onSelect(node);
  }

  /** Return whether any was collapsed. */
  #expandParents(node) {
    let collapsed = false;
    for (let { parent } = node; parent; { parent } = parent) {
      collapsed ||= !parent.expanded;
      parent.expanded = true;
    }
    return collapsed;
  }

  #activate() {
    const row = this.list.pool.find((row) => !row.hidden && this.nodes[row.rowIndex] === this.selected);
    this.element.setAttribute("aria-activedescendant", row?.id ?? "");
  }

  toggle(node, expanded = !node.expanded) {
    if (!node.children?.length || node.expanded === expanded) return;
    node.expanded = expanded;
    this.#layOut();
  }

  /** Expand or collapse everything below the root. */
  toggleAll(expanded) {
    const waiting = [this.root];
    while (waiting.length) {
      const node = waiting.pop();
      if (!node.children) continue;
      node.expanded = expanded || node === this.root;
      for (const child of node.children) waiting.push(child);
    }
    this.#layOut();
    this.select(this.root);
  }

  /** Find keys and values that contain a text, in any case; select the first. Return how many. */
  find(query) {
    this.query = query.toLowerCase();
    this.found = [];
    this.place = -1;
    const waiting = query ? [this.root] : [];
    while (waiting.length && this.found.length < MOST_FOUND) {
      const node = waiting.pop();
      if (this.#isFound(node)) this.found.push(node);
      pushReversed(waiting, node.children ?? []);
    }
    if (this.found.length) this.next(1);
    else this.list.update();
    return this.found.length;
  }

  #isFound(node) {
    const key = typeof node.key === "string" ? node.key : "";
    return [key, node.token].some((text) => text.toLowerCase().includes(this.query));
  }

  /** Select the next of those found, or the one before with -1. */
  next(step) {
    const { length } = this.found;
    if (!length) return;
    this.place = (this.place + step + length) % length;
    this.select(this.found[this.place]);
  }

  // Rows

  #makeRow() {
    const row = make("div", "node");
    row.role = "treeitem";
    row.id = `node-${this.list?.pool.length ?? 0}`;
    row.append(make("span", "toggle"), make("span", "key"), make("span", "value"));
    row.addEventListener("click", (event) => {
      const node = this.nodes[row.rowIndex];
      if (event.target.className === "toggle") this.toggle(node);
      this.select(node);
    });
    row.addEventListener("dblclick", () => this.toggle(this.nodes[row.rowIndex]));
    return row;
  }

  #fillRow(row, index) {
    const node = this.nodes[index];
    const [toggle, key, value] = row.children;
    const isOpen = Boolean(node.children?.length);
    row.style.setProperty("--level", node.level);
    row.ariaLevel = node.level + 1;
    row.ariaSelected = String(node === this.selected);
    if (isOpen) row.ariaExpanded = String(node.expanded);
    else row.removeAttribute("aria-expanded");
    toggle.textContent = isOpen ? (node.expanded ? "▾" : "▸") : "";
    const pattern = this.query ? readPattern({ query: this.query }) : null;
    showText(key, node.key === null ? "" : String(node.key), { pattern });
    key.classList.toggle("index", typeof node.key === "number");
    value.className = `value ${node.kind}`;
    if (node.children) value.textContent = summary(node);
    else showText(value, shorten(node.token, LONGEST_TOKEN), { pattern });
  }

  // Keys

  #press(event) {
    const { key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const index = this.nodes.indexOf(this.selected);
    if (key === "ArrowRight" && this.selected.children) {
      if (this.selected.expanded) this.select(this.nodes[index + 1] ?? this.selected);
      else this.toggle(this.selected, true);
    } else if (key === "ArrowLeft") {
      if (this.selected.expanded) this.toggle(this.selected, false);
      else this.select(this.selected.parent ?? this.selected);
    } else if (key === "Enter" || key === " ") {
      this.toggle(this.selected);
    } else {
      const target = targetOf(key, index, this.nodes.length, this.list.page);
      if (target === null || key === "j" || key === "k") return; // which choose a message, here too
      this.select(this.nodes[target]);
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Describe a container in its row. */
function summary({ kind, children, expanded }) {
  const [open, close] = kind === "object" ? "{}" : "[]";
  if (!children.length) return `${open}${close}`;
  const noun = kind === "object" ? "member" : "element";
  return `${open}${expanded ? "" : `…${close}`} ${plural(children.length, noun)}`;
}

/** Push nodes so that the first is popped first; there may be more than a call takes arguments. */
function pushReversed(stack, nodes) {
  for (let at = nodes.length - 1; at >= 0; at -= 1) stack.push(nodes[at]);
}

function shorten(text, longest) {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
