"""What is fuzzed: each target takes any bytes, and may raise nothing but what is documented."""

from tests.streams import items
from wscli.errors import UsageError
from wscli.net.proxy import parse_proxy
from wscli.net.url import join_url, parse_url
from wscli.wire.codes import Role
from wscli.wire.deflate import BrokenDeflate, Inflater, PerMessageDeflate, TooBig
from wscli.wire.events import Messages
from wscli.wire.frames import Frame
from wscli.wire.handshake import check_request, check_response, choose_deflate
from wscli.wire.head import Body, MalformedHead, head_end, parse_request, parse_response
from wscli.wire.parser import FrameParser
from wscli.wire.receiver import Receiver

MAX_SIZE = 1 << 16

REQUEST = parse_request(
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)


def frames(data):
    """The frame decoder: what is parsed is what was there, and any split gives the same."""
    if not data:
        return
    cut = data[0]
    stream = data[1:]
    whole = list(FrameParser(runs=False).feed(stream))
    parts = FrameParser(runs=False)
    assert whole == [*parts.feed(stream[:cut]), *parts.feed(stream[cut:])]
    assert stream.startswith(b"".join(frame.to_bytes() for frame in whole))


def connection(data):
    """The whole receiver, in either role, with and without compression and frames."""
    if not data:
        return
    flags = data[0]
    receiver = Receiver(
        Role.CLIENT if flags & 1 else Role.SERVER,
        deflate=PerMessageDeflate(bool(flags & 4), bool(flags & 4)) if flags & 2 else None,
        max_size=MAX_SIZE,
        frames=bool(flags & 8),
    )
    size = max(1, flags >> 4) * 7
    for start in range(1, len(data), size):
        for item in items(receiver, data[start : start + size]):
            if isinstance(item, Messages):
                assert all(len(payload) <= MAX_SIZE for payload in item.payloads)
                assert item.opcode == 2 or all(payload.decode() or 1 for payload in item.payloads)
            elif isinstance(item, Frame):
                item.to_bytes()


def heads(data):
    """Both kinds of head, the checks of the handshake, and bodies."""
    end = head_end(data)
    if end is None:
        return
    try:
        request = parse_request(data[:end])
        check_request(request)
        choose_deflate(request)
    except MalformedHead:
        pass
    try:
        response = parse_response(data[:end])
    except MalformedHead:
        return
    check_response(REQUEST, response)
    body = Body(response, 1000)
    body.feed(data[end:])
    assert len(body.content) <= 1000
    assert body.complete in (True, False)


def inflate(data):
    """Inflate, fragment by fragment, never beyond the limit."""
    if len(data) < 2:
        return
    inflater = Inflater(8 + data[0] % 8, bool(data[0] & 8))
    cut = data[1]
    room = MAX_SIZE
    try:
        for piece, last in ((data[2 : 2 + cut], False), (data[2 + cut :], True)):
            room -= sum(map(len, inflater.inflate(piece, last=last, room=room)))
    except (BrokenDeflate, TooBig):
        return
    assert room >= 0


def urls(data):
    """URLs of servers and proxies, and where a redirect leads."""
    text = data.decode(errors="replace")
    for read in (parse_url, parse_proxy, lambda text: join_url(parse_url("ws://h/a"), text)):
        try:
            str(read(text))
        except UsageError:
            continue


TARGETS = {target.__name__: target for target in (frames, connection, heads, inflate, urls)}
