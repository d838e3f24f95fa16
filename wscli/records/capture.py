"""Export a recording as a capture for Wireshark: pcapng, with TCP around the recorded bytes.

Wireshark reads WebSockets only after the upgrade, in a TCP stream, so each connection becomes one:
handshake, both heads, frames, and an end like that of the recorded connection. All of them are
plain HTTP on port 80, also where the connection used TLS or another port, since that is where
Wireshark expects HTTP without being told. No privileges are needed, and no keys.

Times are those of the events. Addresses that the recording lacks are from the blocks for examples
(RFC 5737, RFC 3849).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from wscli import __version__
from wscli.net.opening import Opening, OpeningStep
from wscli.records import pcapng
from wscli.records.addresses import read_address, split_address
from wscli.records.events import Recorded
from wscli.records.exportable import with_openings
from wscli.records.fields import Remark
from wscli.records.packets import Packet, Peer, TcpConnection
from wscli.records.pcapng import Direction
from wscli.records.roles import recorder_role
from wscli.records.sent_bytes import SentBytes, SentFrames
from wscli.session.end import DROPPED, PEER_ENDED, End, error_of
from wscli.session.events import Batch, Event, Failed, Opened
from wscli.wire.closing import Side
from wscli.wire.codes import CloseCode, Role
from wscli.wire.rules import Violation

_HTTP = 80
_EPHEMERAL = 49152  # the first of the ports that belong to nobody (RFC 6335 §6)
_MACS = {Role.CLIENT: b"\x02\0\0\0\0\x01", Role.SERVER: b"\x02\0\0\0\0\x02"}  # local ones
_EXAMPLES = {
    (Role.CLIENT, 4): ip_address("192.0.2.1"),
    (Role.SERVER, 4): ip_address("192.0.2.2"),
    (Role.CLIENT, 6): ip_address("2001:db8::1"),
    (Role.SERVER, 6): ip_address("2001:db8::2"),
}
_FILE_COMMENT = (
    "Made by wscli from a recording. Heads, frames and times are as recorded; Ethernet, IP and TCP "
    "are made up, TLS is left out, and the port of the server is always 80."
)
_UPGRADE = {"upgrade", "connection"}
_UPGRADED = ("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade")
_COMPLETED = "The file does not have the whole response, so wscli completed it."
_NO_FRAMES = (
    "This recording has messages without their frames. Here each message is one frame; "
    "-vv --record keeps the frames as they were."
)


def pcapng_pieces(
    recorded: Iterable[Recorded], remark: Remark, key_log: bytes = b""
) -> Iterator[bytes]:
    """Yield a capture of the connections of a recording; ``key_log`` is a TLS key log to include.

    ``remark`` receives a sentence about each connection that is left out.
    """
    yield pcapng.section_header(f"wscli {__version__}", _FILE_COMMENT)
    yield pcapng.interface("wscli")
    if key_log:
        yield pcapng.tls_secrets(key_log)
    connections: dict[int, _CapturedConnection] = {}
    for number, event in with_openings(recorded, remark):
        if isinstance(event, Opened | Failed) and event.opening is not None:
            connections[number] = _CapturedConnection(number, event.opening)
        if (connection := connections.get(number)) is not None:
            yield from connection.packets(event)
        if isinstance(event, End | Failed):  # an error of the command may follow its connection
            connections.pop(number, None)


class _CapturedConnection:
    """The packets of one connection."""

    def __init__(self, number: int, opening: Opening) -> None:
        self._opening = opening
        self._role = recorder_role(opening)
        self._sent = SentBytes(self._role)
        self._tcp = tcp_connection(number, opening, self._role)
        self._time = 0.0  # of the latest packet; it never goes back, as the clock of a system may
        self._comments = [_introduce(number, opening, self._role)]  # for the next packet

    def packets(self, event: Event) -> Iterator[bytes]:
        """Yield the packets of an event, as blocks."""
        if isinstance(event, Opened | Failed):
            yield from self._opening_packets(event)
        elif isinstance(event, Batch):
            yield from self._batch_packets(event)
        elif isinstance(event, End):
            yield from self._end_packets(event)

    def _opening_packets(self, event: Opened | Failed) -> Iterator[bytes]:
        opening, timings = self._opening, self._opening.timings
        if opening.request is None:
            return  # it got no further than TCP or TLS
        started = event.time - event.elapsed
        named = started + timings.get(OpeningStep.NAME, 0.0)
        # An error is reported later than the response came: it may have been looked into.
        answered = event.time if isinstance(event, Opened) else started + sum(timings.values())
        syn, *rest = self._tcp.open()
        yield self._block(named, syn)
        yield from self._blocks(named + timings.get(OpeningStep.TCP, 0.0), rest)
        asked = answered - timings.get(OpeningStep.UPGRADE, 0.0)
        yield from self._data(asked, self._tcp.client, opening.request.raw)
        response = opening.received + _body(opening)
        if isinstance(event, Opened) and not _shows_upgrade(opening):
            self._comments.append(_COMPLETED)
            response = _complete_response(opening)
        yield from self._data(answered, self._tcp.server, response)
        if isinstance(event, Failed):
            self._comments.append(event.message)
            yield from self._blocks(answered, self._tcp.close(self._tcp.server))

    def _batch_packets(self, batch: Batch) -> Iterator[bytes]:
        before = self._sent.source
        frames = self._sent.of_batch(batch)
        if before != self._sent.source == "messages":
            self._comments.append(_NO_FRAMES)
        yield from self._frames(batch.time, frames)
        violations = [item for item in batch.items if isinstance(item, Violation)]
        self._comments += [f"The peer {violation}" for violation in violations]

    def _end_packets(self, end: End) -> Iterator[bytes]:
        for frames in self._sent.of_end(end):
            yield from self._frames(end.time, frames)
        if (error := error_of(end)) is not None:
            self._comments.append(error.what)
        local, remote = self._peer(Side.LOCAL), self._peer(Side.REMOTE)
        if end.hung_up or end.detail.startswith(PEER_ENDED):
            yield from self._blocks(end.time, self._tcp.close(remote))
        elif end.violation is not None:
            yield from self._blocks(end.time, self._tcp.close(local))
        elif end.code == CloseCode.ABNORMAL_CLOSURE:
            by_us = end.detail == DROPPED or end.unanswered is not None or end.sent is not None
            yield self._block(end.time, self._tcp.reset(local if by_us else remote))
        else:  # the server ends TCP first (RFC 6455 §7.1.1)
            yield from self._blocks(end.time, self._tcp.close(self._tcp.server))

    def _frames(self, time: float, frames: SentFrames) -> Iterator[bytes]:
        yield from self._data(time, self._peer(frames.sender), frames.data)

    def _data(self, time: float, sender: Peer, data: bytes) -> Iterator[bytes]:
        yield from self._blocks(time, self._tcp.send(sender, data))

    def _peer(self, side: Side) -> Peer:
        role = self._role if side is Side.LOCAL else self._role.peer
        return self._tcp.client if role is Role.CLIENT else self._tcp.server

    def _blocks(self, time: float, packets: Iterable[Packet]) -> Iterator[bytes]:
        for packet in packets:
            yield self._block(time, packet)

    def _block(self, time: float, packet: Packet) -> bytes:
        self._time = max(self._time, time)
        comment, self._comments = "\n".join(self._comments), []
        outgoing = packet.sender is self._peer(Side.LOCAL)
        direction = Direction.OUTBOUND if outgoing else Direction.INBOUND
        return pcapng.packet(self._time, packet.data, direction, comment)


def _introduce(number: int, opening: Opening, role: Role) -> str:
    where = (
        f"; the address of its {role.peer.value} was {opening.address}" if opening.address else ""
    )
    via = f", by the proxy {opening.proxy}" if opening.proxy else ""
    return f"Connection {number}: {opening.url}{via}, recorded by the {role.value}{where}"


def _shows_upgrade(opening: Opening) -> bool:
    """Return True if Wireshark recognises the upgrade: a 101 with the header Upgrade."""
    response = opening.response
    return (
        response is not None
        and response.status == 101
        and "websocket" in response.headers.tokens("Upgrade")
    )


def _complete_response(opening: Opening) -> bytes:
    """Return a response that shows the upgrade; that of a HAR file may have no headers."""
    headers = opening.response.headers if opening.response else []
    lines = [f"{name}: {value}" for name, value in headers if name.lower() not in _UPGRADE]
    return "\r\n".join([*_UPGRADED, *lines, "", ""]).encode()


def _body(opening: Opening) -> bytes:
    """Return the body of a refusal as it would be on the wire: recordings have its content only."""
    response = opening.response
    if response is None or "chunked" not in response.headers.tokens("Transfer-Encoding"):
        return opening.body
    chunk = b"%x\r\n%b\r\n" % (len(opening.body), opening.body) if opening.body else b""
    return chunk + b"0\r\n\r\n"


def tcp_connection(number: int, opening: Opening, role: Role) -> TcpConnection:
    """Return the connection that an opening used, with example addresses where none is known.

    ``number`` determines the client's port if it is unknown, so that all connections differ.
    """
    address, port = split_address(opening.address or "")
    if opening.proxy is not None:  # the address is that of the proxy
        address = read_address(opening.addresses[0]) if opening.addresses else None
    if address is None and role is Role.CLIENT:
        address = read_address(opening.url.host)
    known = {role.peer: address}
    version = 4 if address is None else address.version
    if address is not None and address.is_loopback:
        known[role] = address
    client, server = (known.get(each) or _EXAMPLES[each, version] for each in Role)
    if role is Role.CLIENT or port is None:
        port = _EPHEMERAL + number % (65536 - _EPHEMERAL)
    return TcpConnection(
        Peer(client, port, _MACS[Role.CLIENT]), Peer(server, _HTTP, _MACS[Role.SERVER])
    )
