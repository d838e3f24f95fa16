"""What wscli shows is what was on the wire: every byte, both ways, as tshark saw it.

The client shows each session twice: with ``-vvv``, and in a recording, which is what ``--json``
prints. The server shows it in its recording.
"""

import json

import pytest

from tests.interop import programs, test_client, test_server, witness
from tests.interop.programs import SMALLER
from tests.interop.served import Served
from tests.interop.test_client import binary, text
from tests.program import wscli

LARGE = 1 << 20
"""The largest message, which takes many reads; in hex it has 65,536 lines."""


def offer_options(offer):
    """Return an offer of the client as options of the command line."""
    headers = [f"{name}: {value}" for name, value in offer.get("headers", ())]
    flags = [] if offer.get("compress", True) else ["--no-compress"]
    return [*flags, *(word for header in headers for word in ("-H", header))]


def sizes_of(offers):
    """Yield each offer with its sizes: the large one goes once without compression, once with."""
    for index, offer in enumerate(offers):
        yield offer, [*SMALLER, *([LARGE] if index < 2 else [])]


def write(folder, make, sizes):
    """Write a message of each size to a file; return the arguments that send them."""
    arguments = []
    for size in sizes:
        payload = make(size)
        path = folder / f"{make.__name__}{size}"
        path.write_bytes(payload.encode() if isinstance(payload, str) else payload)
        arguments.append(f"@{path}")
    return arguments


def client_cells(name, folder):
    """Yield what the client does: a label, the path, and the words before and after the URL."""
    for label, sizes in sizes_of(test_client.OFFERS):
        options = offer_options(test_client.OFFERS[label])
        texts, binaries = write(folder, text, sizes), write(folder, binary, sizes)
        yield f"{label}: text", "/echo", ["send", *options, "-t"], texts
        yield f"{label}: binary", "/echo", ["send", *options, "-b"], binaries
        if name not in programs.CANNOT_FRAGMENT:
            yield (
                f"{label}: fragments",
                "/fragment",
                ["send", *options, "-b"],
                binaries[1 : len(SMALLER)],
            )
        cut = ["send", *options, "--fragment", "50"]
        yield f"{label}: our fragments", "/echo", cut, texts[: len(SMALLER)]
        yield f"{label}: pings", "/ping", ["ping", *options, "-c", "2", "-i", "0"], []
        for code in (1000, 4001):
            yield f"{label}: closed", f"/close?code={code}&reason=own", ["listen", *options], []
        yield f"{label}: we close", "/echo", ["listen", *options, "--for", "10ms"], []


def server_cells(name):
    """Yield what a client does with the server: a label, its offer, the path, and the script."""
    cannot = programs.CANNOT_OFFER.get(name, ())
    (first, second, third) = test_server.CLOSES
    for offer, sizes in sizes_of([each for each in programs.OFFERS if each not in cannot]):
        script = [*test_server.messages("echo", sizes), ["ping", None], ["close", first]]
        yield f"{offer}: messages", offer, "/echo", script
        if name not in programs.CANNOT_FRAGMENT:
            script = [*test_server.messages("fragments", SMALLER[3:]), ["close", second]]
            yield f"{offer}: fragments", offer, "/echo", script
        script = [*test_server.messages("echo", SMALLER), ["close", second]]
        yield f"{offer}: our fragments", offer, "/echo?fragment=50", script
        yield f"{offer}: it closes", offer, "/echo", [["close", third]]
        yield f"{offer}: pinged", offer, test_server.PINGED, [["wait", None]]
        for close in (second, third):
            path = test_server.close_path(*close)
            yield f"{offer}: we close", offer, path, [["wait", None]]


def compare(shown, connections):
    """Hold views of connections against the connections; each has a label and its views."""
    different = [
        label
        for (label, *views), halves in zip(shown, connections, strict=True)
        if not all(halves) or any(view != halves for view in views)
    ]
    assert different == []


def assert_fragmented(events):
    opcodes = [event["opcode"] for event in events if event["event"] == "frame"]
    assert "continuation" in opcodes


@pytest.mark.timeout(300)
def test_what_the_client_shows(peer, peer_server, tmp_path):
    recording = tmp_path / "recording.ndjson"
    shown = []
    with witness.Capture([peer_server.url], tmp_path / "capture.pcapng") as capture:
        for label, path, before, after in client_cells(peer[0], tmp_path):
            url = peer_server.url + path
            recorded = ["--record", recording, "--force"]
            result = wscli(*before, "-vvv", *recorded, url, *after, timeout=60)
            assert result.status in (0, 9), result.err
            peer_server.ended()
            events = [json.loads(line) for line in recording.read_bytes().splitlines()]
            if path == "/fragment" or "--fragment" in before:
                assert_fragmented(events)
            in_hex = witness.shown_in_hex(result.err)
            shown.append((label, in_hex, witness.shown_as_events(events)))
        compare(shown, capture.connections(len(shown)))


@pytest.mark.timeout(300)
def test_what_the_server_shows(peer, peer_client, tmp_path):
    pings = ("--ping-interval", "100ms")
    pinged = tmp_path / "pinged"
    pinged.mkdir()
    shown = []
    with (
        Served(tmp_path, "-vv") as served,
        Served(pinged, "-vv", *pings) as pinging,
        witness.Capture([served.url, pinging.url], tmp_path / "capture.pcapng") as capture,
    ):
        for label, offer, path, script in server_cells(peer[0]):
            server = pinging if path == test_server.PINGED else served
            peer_client.run(server.url + path, script, programs.OFFERS[offer])
            server.ended()
            [events] = server.recorded()
            if script[0][0] == "fragments":
                assert_fragmented(events)
            shown.append((label, witness.shown_as_events(events, client="in")))
        compare(shown, capture.connections(len(shown)))
