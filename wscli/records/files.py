"""The files of recordings, opened for reading: by name or stdin, compressed or not."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from wscli.errors import UsageError
from wscli.records.fields import Remark

_GZIP = b"\x1f\x8b"  # RFC 1952 §2.3.1
_GZIP_MEMBER = 16 + zlib.MAX_WBITS  # tells zlib to expect a gzip header and trailer
_BLOCK = 256 << 10  # bytes that are read at once

HOW_TO_RECORD = "wscli COMMAND --record FILE writes a recording"


def open_file(name: str, stdin: io.RawIOBase) -> BinaryIO:
    """Open a recording to read it; ``-`` is stdin, and gzip is decompressed.

    Raises:
        UsageError: if it cannot be opened.
    """
    if name == "-":
        return _decompressed(io.BufferedReader(stdin))
    try:
        return _decompressed(open(name, "rb"))
    except OSError as error:
        raise unreadable(name, error) from None


def unreadable(name: str, error: OSError) -> UsageError:
    """Return the error for a recording that cannot be opened."""
    return UsageError(f"cannot read {name}", error.strerror or str(error), HOW_TO_RECORD)


def _decompressed(file: io.BufferedReader) -> BinaryIO:
    if file.peek(len(_GZIP))[: len(_GZIP)] != _GZIP:
        return file
    return cast("BinaryIO", _GzipStream(file))


class _GzipStream:
    """Decompresses a file, even one that was cut off, whose end the module ``gzip`` loses."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self._member = zlib.decompressobj(_GZIP_MEMBER)
        self._packed = b""  # has been read, but not decompressed

    def read1(self, size: int) -> bytes:
        """Return the next bytes, at most ``size``.

        Raises:
            EOFError: at the end of a file that was cut off.
            zlib.error: if it is damaged.
        """
        while self._has_more():
            if data := self._decompress(size):
                return data
        if self._member.eof:
            return b""
        if data := self._decompress(size):  # which a full block may have held back
            return data
        raise EOFError

    def _has_more(self) -> bool:
        """Return True if there is something to decompress, after reading it if necessary."""
        self._packed = self._packed or self._file.read1(_BLOCK)
        if self._member.eof:  # zeros may follow a member, then another one
            while self._packed and not (rest := self._packed.lstrip(b"\0")):
                self._packed = self._file.read1(_BLOCK)
            if self._packed:
                self._packed = rest
                self._member = zlib.decompressobj(_GZIP_MEMBER)
        return bool(self._packed)

    def _decompress(self, size: int) -> bytes:
        member = self._member
        data = member.decompress(self._packed, size)
        self._packed = member.unused_data if member.eof else member.unconsumed_tail
        return data

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> _GzipStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_blocks(
    stream: BinaryIO, name: str, remark: Remark, before_read: Callable[[], None]
) -> Iterator[bytes]:
    """Yield a stream in blocks that end with a line; the last line may lack its line feed.

    A read does not wait for a whole block, so that the lines of a pipe can be shown at once.
    ``before_read`` is called before each read, which may wait.

    Raises:
        UsageError: if it cannot be read; ``name`` is for that, and for a remark.
    """
    pieces: list[bytes] = []
    for piece in _pieces(stream, name, remark, before_read):
        end = piece.rfind(b"\n") + 1
        if end:
            yield b"".join((*pieces, piece[:end]))
            pieces = [piece[end:]]
        else:  # a large message
            pieces.append(piece)
    if rest := b"".join(pieces):
        yield rest


def _pieces(
    stream: BinaryIO, name: str, remark: Remark, before_read: Callable[[], None]
) -> Iterator[bytes]:
    """Yield pieces up to the end of the file, or to the point where it was cut off."""
    is_empty = True
    try:
        while piece := _read(stream, name, before_read):
            is_empty = False
            yield piece
    except EOFError:
        what = f"{name} is an incomplete gzip file"
        if is_empty:
            raise UsageError(what, "it ends before the first event", HOW_TO_RECORD) from None
        remark(f"{what}: its end is missing")


def _read(stream: BinaryIO, name: str, before_read: Callable[[], None]) -> bytes:
    # A raw file has no read1; unlike that of a buffered file, its read does not wait for all of the
    # bytes.
    read: Callable[[int], bytes] = stream.read1 if hasattr(stream, "read1") else stream.read
    before_read()
    try:
        return read(_BLOCK)
    except BrokenPipeError:  # of stdout, whose reader has gone while a file was followed
        raise
    except (OSError, zlib.error) as error:
        raise UsageError(f"cannot read {name}", str(error)) from None
