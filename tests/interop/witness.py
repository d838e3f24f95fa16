"""The witness: what tshark saw on loopback, beside what wscli says that it saw.

A connection is its two halves: what the client sent, and what the server sent.
"""

import base64
import binascii
import re
import shutil
import subprocess
import time

import pytest

from wscli.wire.codes import Opcode
from wscli.wire.frames import Frame

_OPCODES = {opcode.name.lower(): opcode for opcode in Opcode}


class Capture:
    """What goes over ports of loopback, from when it is made until ``connections`` is called."""

    def __init__(self, urls, path):
        """Start, or skip with the reason."""
        if not shutil.which("tshark") or not shutil.which("dumpcap"):
            pytest.skip("tshark is not installed")
        self._path = str(path)
        self._ports = [url.rpartition(":")[2] for url in urls]
        wanted = " or ".join(f"tcp port {port}" for port in self._ports)
        # It is what tshark captures with, and does not load what tshark needs for reading.
        self._process = subprocess.Popen(
            ["dumpcap", "-B", "128", "-i", "lo", "-f", wanted, "-w", self._path],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        said = []
        for line in self._process.stderr:
            said.append(line)
            if line.startswith("File: "):
                return
        self.stop()
        pytest.skip(f"tshark may not capture: {''.join(said)[-300:]}")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()

    def connections(self, count):
        """Return each connection's halves, in turn.

        Waits until both ends of all of them have said goodbye.
        """
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if len(self._read("-Y", "tcp.flags.fin == 1").splitlines()) >= 2 * count:
                break
        self.stop()
        follow = [f"follow,tcp,raw,{number}" for number in range(count)]
        text = self._read("-q", *(word for stream in follow for word in ("-z", stream)))
        streams = read_streams(text)
        return [streams[number] for number in range(count)]

    def stop(self):
        """Capture no more."""
        self._process.terminate()
        self._process.wait()
        self._process.stderr.close()

    def _read(self, *options):
        """Return what tshark prints; it is to look no further than TCP, which takes less time."""
        plain = [word for port in self._ports for word in ("-d", f"tcp.port=={port},data")]
        command = ["tshark", "-r", self._path, *plain, *options]
        return subprocess.run(command, capture_output=True, check=False).stdout


def read_streams(text):
    """Read lines in hex, of which the server's are indented, under the number of their stream."""
    streams = {}
    for line in text.splitlines():
        if line.startswith(b"Filter: "):
            client, server = [], []
            streams[int(line.rpartition(b" ")[2])] = client, server
        elif re.match(rb"\t[0-9a-f]", line):
            server.append(binascii.unhexlify(line[1:]))
        elif re.match(rb"[0-9a-f]", line):
            client.append(binascii.unhexlify(line))
    return {number: tuple(map(b"".join, halves)) for number, halves in streams.items()}


def shown_in_hex(stderr):
    """Return a connection as ``-vvv`` shows it: heads, then frames in hex."""
    heads, digits = {">": [], "<": []}, {">": [], "<": []}
    for line in stderr.splitlines():
        mark = line[0]
        if line[10:12] == "  " and line[60:63] == "  |":
            digits[mark].append(line[12:60])
        elif mark in heads and not re.match(r". \S+ +(fin|---)  rsv", line):
            heads[mark].append(f"{line[2:]}\r\n")
    return tuple(
        "".join(heads[mark]).encode() + bytes.fromhex("".join(digits[mark])) for mark in "><"
    )


def shown_as_events(events, client="out"):
    """Return a connection as its events show it: each head and frame as the fields have it.

    ``client`` is the direction of what the client sent.
    """
    pieces = {"out": [], "in": []}
    server = "in" if client == "out" else "out"
    for event in events:
        if event["event"] == "open":
            request, response = event["request"], event["response"]
            status = f"HTTP/1.1 {response['status']} {response['reason']}"
            pieces[client].append(_head(f"GET {request['target']} HTTP/1.1", request))
            pieces[server].append(_head(status, response))
        elif event["event"] == "frame":
            pieces[event["direction"]].append(_frame(event))
    return b"".join(pieces[client]), b"".join(pieces[server])


def _head(line, fields):
    headers = [f"{name}: {value}" for name, value in fields["headers"]]
    return "\r\n".join([line, *headers, "", ""]).encode()


def _frame(event):
    payload = event["text"].encode() if "text" in event else base64.b64decode(event["base64"])
    key = bytes.fromhex(event["mask_key"]) if event["masked"] else None
    header = event["wire_size"] - event["size"] - (4 if key else 0)
    return Frame(
        _OPCODES[event["opcode"]],
        payload,
        fin=event["fin"],
        rsv=event["rsv"],
        mask_key=key,
        length_form={2: 7, 4: 16, 10: 64}[header],
    ).to_bytes()
