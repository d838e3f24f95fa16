"""The files of recordings, opened for reading: by name or stdin, compressed or not."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from wscli.errors import UsageError
from wscli.records.fields import Remark

_GZIP = b"\x1f\x8b"  # RFC 1952 §2.3.1
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
        reason = error.strerror or str(error)
        raise UsageError(f"cannot read {name}", reason, HOW_TO_RECORD) from None


def _decompressed(file: io.BufferedReader) -> BinaryIO:
    if file.peek(len(_GZIP))[: len(_GZIP)] != _GZIP:
        return file
    return cast("BinaryIO", io.BufferedReader(_GzipFile(file)))


class _GzipFile(gzip.GzipFile):
    """Closes the file that it decompresses, unlike its base."""

    def __init__(self, file: io.BufferedReader) -> None:
        super().__init__(fileobj=file)
        self._file = file

    def close(self) -> None:
        super().close()
        self._file.close()


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
    while piece := _read(stream, name, remark, before_read):
        end = piece.rfind(b"\n") + 1
        if end:
            yield b"".join((*pieces, piece[:end]))
            pieces = [piece[end:]]
        else:  # a large message
            pieces.append(piece)
    if rest := b"".join(pieces):
        yield rest


def _read(stream: BinaryIO, name: str, remark: Remark, before_read: Callable[[], None]) -> bytes:
    # Unlike that of a buffered file, read of a raw file does not wait for all of the bytes.
    read: Callable[[int], bytes] = stream.read1 if hasattr(stream, "read1") else stream.read
    before_read()
    try:
        return read(_BLOCK)
    except BrokenPipeError:  # of stdout, whose reader has gone while a file was followed
        raise
    except EOFError:
        remark(f"{name} was cut off while it was compressed")
        return b""
    except (OSError, zlib.error) as error:
        raise UsageError(f"cannot read {name}", str(error)) from None
