"""The witness: what tshark saw on loopback, beside what wscli says that it saw."""

import base64
import json
import re
import shutil
import subprocess
import time

import pytest

from wscli.wire.codes import Opcode
from wscli.wire.frames import Frame

_OPCODES = {opcode.name.lower(): opcode for opcode in Opcode}


class Capture:
    """What goes over a port of loopback, from when it is made until ``connections`` is called."""

    def __init__(self, port, path):
        """Start, or skip with the reason."""
        if not shutil.which("tshark"):
            pytest.skip("tshark is not installed")
        self._path = str(path)
        self._process = subprocess.Popen(
            ["tshark", "-B", "512", "-i", "lo", "-f", f"tcp port {port}", "-w", self._path],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        said = []
        for line in self._process.stderr:
            said.append(line)
            if "Capture started" in line:
                return
        self.stop()
        pytest.skip(f"tshark may not capture: {''.join(said)[-300:]}")

    def connections(self, count):
        """Return for each connection, in turn, what the client sent and what the server sent.

        Waits until both ends of all of them have said goodbye.
        """
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if len(_tshark(self._path, "-Y", "tcp.flags.fin == 1").splitlines()) >= 2 * count:
                break
        self.stop()
        follow = [f"follow,tcp,raw,{number}" for number in range(count)]
        text = _tshark(self._path, "-q", *(word for stream in follow for word in ("-z", stream)))
        found = re.split(r"^Filter: tcp\.stream eq ([0-9]+)$", text, flags=re.MULTILINE)[1:]
        streams = dict(zip(map(int, found[0::2]), found[1::2], strict=True))
        return [_halves(streams[number]) for number in range(count)]

    def stop(self):
        """Capture no more."""
        self._process.terminate()
        self._process.wait()
        self._process.stderr.close()


def _halves(text):
    client, server = [], []
    for indent, digits in re.findall(r"^(\t?)([0-9a-f]+)$", text, re.MULTILINE):
        (server if indent else client).append(bytes.fromhex(digits))
    return b"".join(client), b"".join(server)


def _tshark(path, *options):
    done = subprocess.run(
        ["tshark", "-r", str(path), *options], capture_output=True, text=True, check=False
    )
    return done.stdout


def shown_in_hex(stderr):
    """Return the two halves of a connection as ``-vvv`` shows them: heads, then frames in hex."""
    halves = {">": bytearray(), "<": bytearray()}
    for mark, text in re.findall(r"^([<>]) ?(.*)$", stderr, re.MULTILINE):
        row = re.fullmatch(r"[0-9a-f]{8}  ([0-9a-f ]{48})  \|.*\|", text)
        if row:
            halves[mark] += bytes.fromhex(row[1])
        elif not re.match(r"\S+ +(fin|---)  rsv", text):
            halves[mark] += text.encode() + b"\r\n"
    return halves[">"], halves["<"]


def shown_as_events(stdout):
    """Return the frames that ``--json -vv`` shows, encoded again, what went out and what came."""
    halves = {"out": bytearray(), "in": bytearray()}
    for line in stdout.splitlines():
        event = json.loads(line)
        if event["event"] == "frame":
            halves[event["direction"]] += _encode(event)
    return halves["out"], halves["in"]


def _encode(event):
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


def without_head(half):
    """Return what follows a head."""
    return half.partition(b"\r\n\r\n")[2]
