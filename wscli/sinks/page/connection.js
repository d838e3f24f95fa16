"use strict";

// The view of one connection: its end, the time of each phase, TLS and the agreement, and both heads
// as they were on the wire, with the meaning of each header.

const SHOWN_BODY = 16 << 10; // bytes of a body

/** Show a connection in an element. */
function showConnection(panel, connection) {
  const sections = [
    ...connection.attempts.slice(0, -1).flatMap((attempt, index) => [
      titled(`Redirected attempt ${index + 1}`, factList([["URL", attempt.url]])),
      ...headSections(attempt),
    ]),
    ...(connection.opening ? headSections(connection.opening) : []),
  ];
  const facts = connection.opening ? factSections(connection.opening) : [];
  panel.replaceChildren(
    make("div", "heads", undefined, ...sections),
    make("div", "beside", undefined, endSection(connection), ...facts),
  );
}

function titled(title, ...children) {
  return make("section", "", undefined, make("h3", "", title), ...children);
}

/** Return a list of names and values; values are text of a peer. */
function factList(pairs) {
  const list = make("dl", "facts");
  for (const [name, value, keep = ""] of pairs) {
    if (value === undefined || value === null || value === "" || value === 0) continue;
    const described = make("dd");
    showText(described, String(value), { keep });
    list.append(make("dt", "", name), described);
  }
  return list;
}

// How it ended

function endSection(connection) {
  const { end, errors } = connection;
  const section = titled("End");
  section.classList.toggle("failed", connection.failed);
  const { sentence } = connection;
  const lead = make("p", "lead");
  showText(lead, sentence);
  section.append(lead);
  if (end) section.append(factList(endFacts(end)));
  for (const error of errors) section.append(factList(errorFacts(error, sentence)));
  return section;
}

function endFacts(end) {
  const { violation, by } = end;
  return [
    ["code", `${end.code} ${end.name}`],
    ["reason", end.reason],
    ["initiated by", by],
    ["handshake", end.clean ? "both sides sent a Close frame" : "not completed"],
    ["our code", end.sent === end.code ? null : end.sent],
    ["loss", end.detail],
    ["no pong for", end.unanswered && showDuration(end.unanswered)],
    ["rule broken", violation && `the peer ${violation.sentence} (${violation.section})`],
    ["evidence", violation?.evidence, "\n\t"],
  ];
}

function errorFacts(error, sentence) {
  return [
    ["error", error.message === sentence ? null : error.message],
    ["evidence", error.evidence?.trimEnd(), "\n\t"],
    ["try", error.hint, "\n\t"],
    ["exit status", error.status],
  ];
}

// Timings, TLS and agreement

function factSections(opening) {
  const { timings = {}, addresses: found = [], agreement, explained } = opening;
  const facts = [
    ["URL", opening.url],
    ["looked up", found.length && `${opening.looked_up}: ${found.join(", ")}`],
    ...(explained?.connection ?? []),
    ["extensions", opening.extensions],
    ...(agreement?.faults ?? []).map((fault) => ["fault", `${fault.sentence} (${fault.section})`]),
  ];
  const phases = make("ol", "phases", undefined, ...phaseRows(timings));
  return [
    ...(phases.childElementCount ? [titled(`Opening: ${showDuration(tookInAll(timings))}`, phases)] : []),
    titled("Connection", factList(facts)),
  ];
}

// The heads

function headSections(opening) {
  const { request, response, explained } = opening;
  return [
    headSection("Request to the proxy", "out", opening.proxy_request),
    headSection("Answer of the proxy", "in", opening.proxy_response),
    headSection("Request", "out", request?.raw, explained?.request),
    headSection("Interim responses", "in", opening.interim),
    headSection("Response", "in", response?.raw, explained?.response),
    bodySection("Received", opening.received),
    bodySection("Body", opening.body),
    headSection("Answer to a plain GET", "in", opening.probe?.response.raw),
    bodySection("Its body", opening.probe?.body),
  ].filter(Boolean);
}

/** Return a section with a head, a line of it in each row, and the meaning of each header. */
function headSection(title, direction, base64, meanings = []) {
  if (!base64) return null;
  const text = decodeHead(fromBase64(base64));
  const table = make("div", `head ${direction}`);
  let header = -1;
  const lines = text.split("\n").slice(0, -1); // each ends with a line feed
  if (["", "\r"].includes(lines.at(-1))) lines.pop(); // the end of the head
  lines.forEach((line, index) => {
    const ending = line.endsWith("\r") ? "" : "␊"; // a bare LF, which is worth seeing
    const isHeader = index > 0 && !/^[ \t\r]/.test(line) && line !== "";
    if (isHeader) header += 1;
    const meaning = isHeader ? meanings[header] : "";
    table.append(headLine(line.replace(/\r$/, ""), ending, isHeader), make("span", "meaning", meaning));
  });
  return titled(title, copyButton(`Copy the ${title.toLowerCase()}`, () => text), table);
}

function headLine(line, ending, isHeader) {
  const code = make("code");
  const colon = isHeader ? line.indexOf(":") : -1;
  const name = make("b"), rest = make("span");
  showText(name, line.slice(0, Math.max(0, colon)));
  showText(rest, line.slice(Math.max(0, colon)));
  code.append(name, rest);
  if (ending) code.append(make("span", "symbol", ending));
  return code;
}

function bodySection(title, base64) {
  if (!base64) return null;
  const bytes = fromBase64(base64);
  const shown = make("pre", "body"), text = decodeUtf8(bytes);
  const part = bytes.subarray(0, SHOWN_BODY);
  if (text === null) shown.textContent = hexDump(part);
  else showText(shown, text.slice(0, SHOWN_BODY), { keep: "\n\t" });
  if (bytes.length > SHOWN_BODY) shown.append(`\n… ${showSize(bytes.length)} in all`);
  return titled(title, shown);
}
