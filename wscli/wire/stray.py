"""An HTTP response in place of the first frame.

Some servers refuse a connection only after their 101, and write a second response after it, as
Engine.IO does without ``EIO=4`` in the query. Parsed as a frame, "HT" is a fragmented Close with
RSV1 set, which no server may ever send. So no legal frame is mistaken for a response.
"""

from __future__ import annotations

from wscli.wire.head import Body, MalformedHead, Response, decode_head, head_end, parse_response
from wscli.wire.rules import HTTP_RESPONSE, Violation

_START = b"HTTP/1."
_MAX = 16 << 10  # bytes that are kept; a longer response counts as complete


class StrayResponse:
    """Take the first bytes after the 101, and keep them if they begin an HTTP response.

    ``complete`` becomes True when the whole response has arrived, or enough of it.
    """

    def __init__(self) -> None:
        self._passing = False  # whether these are frames, so that bytes are passed on
        self._held = bytearray()
        self._response: Response | None = None
        self._body: Body | None = None
        self.complete = False

    def feed(self, data: bytes) -> bytes:
        """Return the bytes that are frames: none while they are, or may become, a response.

        Once it has returned some, everything that follows is frames too, so call it no more.
        """
        # After the response the peer has nothing more to say: our Close has been sent (§7.1.7).
        if self.complete:
            return b""
        searched = len(self._held)
        self._held += data
        # One byte may arrive alone: "H" can still become either, and is held back.
        if not _START.startswith(self._held[: len(_START)]):
            self._passing = True
            return bytes(self._held)
        if self._body is None:
            self._read_head(searched)
        else:
            self._body.feed(data)
        ended = self._body is not None and self._body.complete
        self.complete = self.complete or ended or len(self._held) >= _MAX
        return b""

    @property
    def recognised(self) -> bool:
        """Whether an HTTP response has begun."""
        return not self._passing and len(self._held) >= len(_START)

    def release(self) -> bytes:
        """Return the bytes that were too few to decide about; call it at the end of the stream."""
        undecided = not (self._passing or self.recognised)
        self._passing = self._passing or undecided
        return bytes(self._held) if undecided else b""

    @property
    def violation(self) -> Violation | None:
        """The violation for a response, complete or not; None if none has begun."""
        if not self.recognised:
            return None
        # Imported here since hardly any connection needs it, and it takes 3 ms to load.
        from wscli.wire.diagnosis import PlainResponse, recognise, show_body

        if self._response is None or self._body is None:
            evidence = decode_head(bytes(self._held[:_MAX])).strip()
            return Violation(HTTP_RESPONSE, evidence)
        answer = PlainResponse(self._response, self._body.content)
        parts = [decode_head(self._response.raw).strip(), show_body(*answer)]
        evidence = "\n\n".join(filter(None, parts))
        return Violation(HTTP_RESPONSE, evidence, service=recognise(answer))

    def _read_head(self, searched: int) -> None:
        end = head_end(self._held, searched)
        if end is None:
            return
        try:
            self._response = parse_response(bytes(self._held[:end]))
        except MalformedHead:
            # Without headers nobody knows where the body ends. The head is evidence enough.
            self.complete = True
            return
        self._body = Body(self._response, _MAX)
        self._body.feed(bytes(self._held[end:]))
