"use strict";

// The connections of the recording, one in each row, on a common timeline.

class ConnectionList {
  /** Show connections in an element; `choose` is called with one, or with null for all. */
  constructor(element, recording, choose) {
    Object.assign(this, { element, recording, choose });
    this.selected = null;
    this.shown = []; // the connection of each row; the first is null, for all, if there are several
    this.list = new VirtualList(element, {
      rowHeight: 24,
      head: element.querySelector(".columns"),
      make: () => this.#makeRow(),
      fill: (row, index) => this.#fillRow(row, index),
    });
    element.addEventListener("keydown", (event) => this.#press(event));
  }

  update(selected) {
    const { connections } = this.recording;
    this.selected = selected;
    this.shown = connections.length > 1 ? [null, ...connections] : connections;
    const count = this.shown.length;
    this.element.style.setProperty("--rows", count);
    this.element.ariaRowCount = count + 1;
    this.list.update(count);
    const row = this.list.pool.find((each) => !each.hidden && each.ariaSelected === "true");
    this.element.setAttribute("aria-activedescendant", row?.id ?? "");
  }

  #makeRow() {
    const row = make("div", "row");
    row.role = "row";
    row.id = `connection-${this.list?.pool.length ?? 0}`;
    const names = ["number", "url", "status", "sent", "received", "bytes", "took", "outcome", "track"];
    for (const name of names) {
      const cell = make("span", name);
      cell.role = "gridcell";
      row.append(cell);
    }
    row.addEventListener("click", () => this.choose(this.shown[row.rowIndex]));
    return row;
  }

  #fillRow(row, index) {
    const connection = this.shown[index];
    row.ariaSelected = String(connection === this.selected);
    row.ariaRowIndex = index + 2;
    row.classList.toggle("failed", Boolean(connection?.failed));
    row.classList.toggle("refused", Boolean(connection?.status) && connection.status !== 101);
    const [number, url, status, sent, received, bytes, took, outcome, track] = row.children;
    const chosen = connection ? [connection] : this.recording.connections;
    const sum = (name, direction) => total(chosen, (each) => each[name][direction]);
    number.textContent = connection?.number ?? "";
    showText(url, connection ? connection.url : `all ${plural(chosen.length, "connection")}`);
    url.title = connection ? visibleLine(connection.url) : "";
    status.textContent = connection?.status ?? "";
    sent.textContent = showCount(sum("counts", "out"));
    received.textContent = showCount(sum("counts", "in"));
    bytes.textContent = showSize(sum("sizes", "out") + sum("sizes", "in"));
    took.textContent = showDuration(connection ? connection.elapsed : this.recording.duration);
    showText(outcome, connection?.outcome ?? "");
    outcome.title = outcome.textContent;
    track.replaceChildren(...(connection ? this.#bars(connection) : []));
  }

  /** Return a bar for the opening and one for the time that a connection was open. */
  #bars(connection) {
    const { recording } = this;
    const scale = 100 / (recording.duration || 1);
    const start = (connection.began - recording.began) * scale;
    const opened = (connection.opened?.elapsed ?? connection.elapsed) * scale;
    const rest = connection.elapsed * scale - opened;
    const parts = [["opening", start, opened], ["open", start + opened, rest]];
    return parts.map(([name, left, width]) => {
      const bar = make("i", name);
      bar.style.left = `${left}%`;
      bar.style.width = `${width}%`;
      return bar;
    });
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { shown, list } = this;
    const index = targetOf(event.key, shown.indexOf(this.selected), shown.length, list.page);
    if (index === null) return;
    this.choose(shown[index]);
    list.reveal(index);
    event.preventDefault();
    event.stopPropagation();
  }
}
