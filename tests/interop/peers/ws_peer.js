// A server and a client made with the npm package ws; see tests/interop/programs.py.
"use strict";
const readline = require("readline");
const WebSocket = require("ws");

function pieces(data) {
  const third = Math.floor(data.length / 3) + 1;
  const out = [];
  for (let at = 0; at < data.length; at += third) out.push(data.subarray(at, at + third));
  return out;
}

function sendFragments(socket, data, binary) {
  const parts = pieces(data);
  parts.forEach((part, index) =>
    socket.send(part, { binary, fin: index === parts.length - 1, compress: true }));
}

function serve() {
  const server = new WebSocket.Server({
    host: "127.0.0.1", port: 0, maxPayload: 0, perMessageDeflate: { threshold: 0 },
  });
  server.on("listening", () => console.log(server.address().port));
  server.on("connection", (socket, request) => {
    const url = new URL(request.url, "ws://localhost");
    socket.on("close", (code, reason) => console.log(JSON.stringify([code, reason.toString()])));
    socket.on("message", (data, binary) => {
      if (url.pathname === "/fragment") sendFragments(socket, data, binary);
      else socket.send(data, { binary, compress: true });
    });
    if (url.pathname === "/ping") {
      socket.on("pong", (data) => {
        if (data.toString() === "are you there") socket.send("pong came");
      });
      socket.ping("are you there");
    } else if (url.pathname === "/close") {
      const code = Number(url.searchParams.get("code"));
      socket.close(code, url.searchParams.get("reason") || "");
    }
  });
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
}

function payload([kind, size]) {
  if (kind === "text") return Buffer.from("é".repeat(Math.floor(size / 2)) + "x".repeat(size % 2));
  const data = Buffer.alloc(size);
  for (let at = 0; at < size - (size % 256); at++) data[at] = at % 256;
  return data;
}

async function converse(url, script, options) {
  const socket = new WebSocket(url, {
    maxPayload: 0,
    perMessageDeflate: options.deflate && {
      threshold: 0,
      serverNoContextTakeover: options.no_context_takeover,
      clientNoContextTakeover: options.no_context_takeover,
      ...(options.window_bits && {
        serverMaxWindowBits: options.window_bits, clientMaxWindowBits: options.window_bits,
      }),
    },
  });
  const inbox = [];
  let wake = () => {};
  const arrive = (item) => { inbox.push(item); wake(); };
  socket.on("open", () => arrive(["open"]));
  socket.on("message", (data, binary) => arrive(["message", data, binary]));
  socket.on("pong", (data) => arrive(["pong", data]));
  socket.on("close", (code, reason) => arrive(["close", code, reason.toString()]));
  socket.on("error", (error) => arrive(["error", error]));
  const next = async (kind) => {
    while (inbox.length === 0) await new Promise((resolve) => { wake = resolve; });
    const item = inbox.shift();
    if (item[0] !== kind) throw new Error(`expected ${kind}, received ${item}`);
    return item;
  };
  await next("open");
  let close = null;
  for (const [step, argument] of script) {
    if (step === "echo" || step === "fragments") {
      const binary = argument[0] === "binary";
      const data = payload(argument);
      if (step === "echo") socket.send(data, { binary });
      else sendFragments(socket, data, binary);
      const [, echoed, kind] = await next("message");
      if (!data.equals(echoed) || kind !== binary) throw new Error("not what was sent");
    } else if (step === "ping") {
      socket.ping("are you there");
      if ((await next("pong"))[1].toString() !== "are you there") throw new Error("another pong");
    } else if (step === "close") {
      socket.close(...argument);
      close = await next("close");
    } else if (step === "wait") {
      close = await next("close");
    }
  }
  if (close === null) { socket.close(1000); close = await next("close"); }
  return close.slice(1);
}

async function client() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const seen = await converse(...JSON.parse(line)).catch(String);
    console.log(JSON.stringify(seen));
  }
}

if (process.argv[2] === "serve") serve();
else client();
