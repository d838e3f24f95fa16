"""What wscli shows is what was on the wire: every byte, both ways, as tshark saw it."""

import pytest

from tests.interop import witness
from tests.interop.programs import CANNOT_FRAGMENT
from tests.interop.test_client import OFFERS, SIZES, binary, text
from tests.program import wscli


def offer_options(offer):
    """Return an offer of OFFERS as options of the command line."""
    headers = [f"{name}: {value}" for name, value in offer.get("headers", ())]
    flags = [] if offer.get("compress", True) else ["--no-compress"]
    return [*flags, *(word for header in headers for word in ("-H", header))]


def write(folder, make):
    """Write a message of each size to a file; return the arguments that send them."""
    arguments = []
    for size in SIZES:
        payload = make(size)
        path = folder / f"{make.__name__}{size}"
        path.write_bytes(payload.encode() if isinstance(payload, str) else payload)
        arguments.append(f"@{path}")
    return arguments


def cells(name, folder):
    """Yield each cell of the matrix: a label, the path, and the words before and after the URL."""
    texts, binaries = write(folder, text), write(folder, binary)
    for label, offer in OFFERS.items():
        options = offer_options(offer)
        yield f"{label}: text", "/echo", ["send", *options, "-t"], texts
        yield f"{label}: binary", "/echo", ["send", *options, "-b"], binaries
        if name not in CANNOT_FRAGMENT:
            yield f"{label}: fragments", "/fragment", ["send", *options, "-b"], binaries[1:]
        yield f"{label}: pings", "/ping", ["ping", *options, "-c", "2", "-i", "0"], []
        for code in (1000, 4001):
            yield f"{label}: closed", f"/close?code={code}&reason=own", ["listen", *options], []
        yield f"{label}: we close", "/echo", ["listen", *options, "--for", "10ms"], []


@pytest.mark.timeout(300)
def test_what_is_shown_is_what_was_on_the_wire(peer, peer_server, tmp_path):
    capture = witness.Capture(peer_server.url.rpartition(":")[2], tmp_path / "capture.pcapng")
    shown = []
    for label, path, before, after in cells(peer[0], tmp_path):
        for form in (["-vvv"], ["--json", "-vv"]):
            result = wscli(*before, *form, peer_server.url + path, *after, timeout=60)
            assert result.status in (0, 9), result.err
            shown.append((f"{label}, {' '.join(form)}", result))
            peer_server.ended()
    connections = capture.connections(len(shown))
    assert len(connections) == len(shown)
    different = []
    for (label, result), halves in zip(shown, connections, strict=True):
        if "--json" in label:
            same = witness.shown_as_events(result.out) == tuple(map(witness.without_head, halves))
        else:
            same = witness.shown_in_hex(result.err) == halves
        if not same or not all(halves):
            different.append(label)
    assert different == []
