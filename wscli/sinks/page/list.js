"use strict";

// A list of any length. Only visible rows are elements, so that a list of 100,000 rows costs no more
// than one of 50. An element stays with its row while that is visible; then it is used for another.

// Browsers limit an element to 17 to 33 million pixels. A list that would be taller scrolls faster.
const TALLEST = 8_000_000; // pixels
const SPARE = 8; // rows beyond either edge, so that none is missing during a scroll

class VirtualList {
  /**
   * Fill `scroller`, an element that scrolls, with rows of a fixed height. `make()` returns an
   * element, and `fill(element, index)` makes it show a row; `head` stays at the top.
   */
  constructor(scroller, { rowHeight, make: makeRow, fill, head = null }) {
    Object.assign(this, { scroller, rowHeight, makeRow, fill, head });
    this.count = 0;
    this.pool = [];
    this.space = make("div", "space");
    this.space.role = "presentation";
    this.scroller.style.setProperty("--row", `${rowHeight}px`);
    this.scroller.append(this.space);
    this.scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.scroller);
  }

  /** The height that rows have to share. */
  get room() {
    return Math.max(0, this.scroller.clientHeight - (this.head?.offsetHeight ?? 0));
  }

  get total() {
    return this.count * this.rowHeight;
  }

  /** Rows' pixels for each pixel of the scroll bar; 1 for all but very long lists. */
  get ratio() {
    const height = Math.min(this.total, TALLEST);
    return height > this.room ? (this.total - this.room) / (height - this.room) : 1;
  }

  /** Whether the last row can be seen. */
  get atEnd() {
    return this.scroller.scrollTop * this.ratio + this.room >= this.total - this.rowHeight;
  }

  /** The first row that can be seen whole. */
  get first() {
    return Math.ceil((this.scroller.scrollTop * this.ratio) / this.rowHeight);
  }

  /** Show a number of rows; those that were shown before stay as they are. */
  resize(count) {
    if (count !== this.count) {
      this.count = count;
      this.space.style.height = `${Math.min(this.total, TALLEST)}px`;
    }
    this.draw();
  }

  /** Show a number of rows, each as it is now. */
  update(count = this.count) {
    for (const element of this.pool) element.rowIndex = -1;
    this.resize(count);
  }

  draw() {
    const { rowHeight, count } = this;
    const scrolled = this.scroller.scrollTop; // read once: each reading after a change costs a layout
    const top = scrolled * this.ratio;
    const first = Math.max(0, Math.floor(top / rowHeight) - SPARE);
    const last = Math.min(count, Math.ceil((top + this.scroller.clientHeight) / rowHeight) + SPARE);
    this.#stock(last - first);
    const used = new Set();
    for (let index = first; index < last; index += 1) {
      const element = this.pool[index % this.pool.length];
      used.add(element);
      if (element.rowIndex !== index) {
        element.rowIndex = index;
        this.fill(element, index);
      }
      element.hidden = false;
      element.style.top = `${index * rowHeight - top + scrolled}px`;
    }
    for (const element of this.pool) if (!used.has(element)) element.hidden = true;
  }

  /** Have at least as many elements as rows can be seen. */
  #stock(needed) {
    if (needed <= this.pool.length) return;
    while (this.pool.length < needed) {
      const element = this.makeRow();
      this.pool.push(element);
      this.space.append(element);
    }
    for (const element of this.pool) element.rowIndex = -1; // each now belongs to another row
  }

  /** Scroll as little as it takes to see a row. */
  reveal(index) {
    const { scroller, rowHeight, room, ratio } = this;
    const start = index * rowHeight, top = scroller.scrollTop * ratio;
    if (start < top) scroller.scrollTop = start / ratio;
    else if (start + rowHeight > top + room) scroller.scrollTop = (start + rowHeight - room) / ratio;
    this.draw();
  }

  /** How many whole rows can be seen. */
  get page() {
    return Math.max(1, Math.floor(this.room / this.rowHeight));
  }
}

/** Return the index that a key moves to in a list, or null for another key. */
function targetOf(key, index, count, page) {
  const target = {
    ArrowDown: index + 1,
    j: index + 1,
    ArrowUp: index - 1,
    k: index - 1,
    PageDown: index + page,
    PageUp: index - page,
    Home: 0,
    End: count - 1,
  }[key];
  return target === undefined || count === 0 ? null : Math.min(count - 1, Math.max(0, target));
}
