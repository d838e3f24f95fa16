// A client made with the npm package ws: takes some steps, and prints what it saw as JSON.
// node node_client.js URL OPTIONS STEPS; a step is made when the one before has had its answer.
"use strict";

const WebSocket = require("ws");

const [url, options, steps] = process.argv.slice(2);
const waiting = JSON.parse(steps);
const seen = [];
const socket = new WebSocket(url, JSON.parse(options));

function next(...what) {
  seen.push(what);
  const step = waiting.shift();
  if (step === undefined) return;
  if (step.close) socket.close(...step.close);
  else if (step.ping) socket.ping(step.ping);
  else if (step.hex !== undefined) socket.send(Buffer.from(step.hex, "hex"), { binary: true });
  else for (const [index, text] of step.text.entries())
    socket.send(text, { fin: index === step.text.length - 1 });
}

socket.on("open", () => next("open", socket.extensions));
socket.on("message", (data, binary) =>
  binary ? next("binary", data.toString("hex")) : next("text", String(data)));
socket.on("pong", (data) => next("pong", String(data)));
socket.on("error", (error) => seen.push(["error", error.code ?? error.message]));
socket.on("close", (code, reason) => {
  seen.push(["close", code, String(reason)]);
  console.log(JSON.stringify(seen));
});
