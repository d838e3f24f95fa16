"""A file that is still being written, like ``tail -f``."""

from __future__ import annotations

import io
import os
import select
from typing import BinaryIO, cast

from wscli.errors import UsageError
from wscli.records.files import unreadable

_INTERVAL = 0.1  # seconds between two looks at the file


def open_followed(name: str, reader: int) -> BinaryIO:
    """Wait for a file, and return a stream of its contents, present and future.

    The stream does not end. ``reader`` is the descriptor of stdout.

    Raises:
        UsageError: if it cannot be opened.
        BrokenPipeError: if the reader of stdout goes away meanwhile.
    """
    while True:
        try:
            file = io.FileIO(name, "r")
        except FileNotFoundError:
            _wait(reader)
        except OSError as error:
            raise unreadable(name, error) from None
        else:
            return cast("BinaryIO", _FollowedFile(file, name, reader))


class _FollowedFile:
    def __init__(self, file: io.FileIO, name: str, reader: int) -> None:
        self._file = file
        self._name = name
        self._reader = reader

    def read1(self, size: int) -> bytes:
        """Return the next bytes, as soon as there are some."""
        while not (data := self._file.read(size)):
            # The lines read so far are no longer in the file, so their numbers would be wrong.
            if os.fstat(self._file.fileno()).st_size < self._file.tell():
                what = f"{self._name} was replaced while it was followed"
                raise UsageError(what, hint="run the command again to view it from its beginning")
            _wait(self._reader)
        return data

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> _FollowedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _wait(reader: int) -> None:
    """Wait a moment; raise BrokenPipeError if the reader of stdout has gone."""
    poll = select.poll()
    poll.register(reader, 0)
    if poll.poll(1000 * _INTERVAL):
        raise BrokenPipeError
