"use strict";

// The form above the list: the search, and the choice of rows.

class FilterForm {
  /** Read a form; `changed` is called when the user has changed it. */
  constructor(form, changed) {
    this.form = form;
    this.query = form.querySelector("#query");
    this.range = form.querySelector("#range");
    this.invalid = form.querySelector("#invalid");
    this.count = form.querySelector("#count");
    form.addEventListener("input", changed);
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Return the user's choice of rows of one connection, or of all with null. */
  criteria(connection) {
    const { form } = this;
    const criteria = new Criteria();
    criteria.query = this.query.value;
    criteria.isRegex = form.querySelector("#is-regex").checked;
    criteria.matchCase = form.querySelector("#match-case").checked;
    criteria.direction = form.querySelector("[name=direction]:checked").value;
    criteria.kinds = new Set([...form.querySelectorAll("[name=kind]:checked")].map((each) => each.value));
    criteria.connection = connection;
    criteria.range = readRange(this.range.value);
    return criteria;
  }

  /** Show a range of seconds, none with null. */
  showRange(range, decimals) {
    this.range.value = range ? range.map((seconds) => seconds.toFixed(decimals)).join(" – ") : "";
  }

  /** Say that the query is not a regular expression, or that it is fine with null. */
  showError(error) {
    const reason = error?.message.replace(/^Invalid regular expression: /, "");
    this.query.ariaInvalid = String(error !== null);
    this.invalid.textContent = error ? `Not a regular expression: ${reason}` : "";
  }

  /** Show how many rows there are of each kind in some connections, and how many are listed. */
  showCounts(connections, filter) {
    for (const input of this.form.querySelectorAll("[name=kind]")) {
      const count = total(connections, (each) => each.kinds[input.value]);
      input.nextElementSibling.dataset.count = showCount(count);
      input.parentElement.hidden = count === 0;
    }
    this.count.textContent = `${showCount(filter.matches.length)} shown${filter.done ? "" : " …"}`;
  }
}

/** Return the range that a text such as "1.5 – 3" means, or null; either end may be missing. */
function readRange(text) {
  const match = /^\s*([\d.]*)\s*s?\s*[-–—]\s*([\d.]*)\s*s?\s*$/.exec(text);
  if (!match || (!match[1] && !match[2])) return null;
  const from = Number(match[1] || 0), until = match[2] ? Number(match[2]) : Infinity;
  return Number.isNaN(from + until) ? null : [from, until];
}

/** Explain why no row is listed. */
function whyEmpty(connections) {
  const has = (...kinds) => connections.some((each) => kinds.some((kind) => each.kinds[kind] > 0));
  if (has("text", "binary")) return "Nothing matches these filters.";
  return has("control", "frame") ? "No messages; pings and frames can be shown." : "No messages.";
}
