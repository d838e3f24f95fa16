"""The events of a session, as sinks receive them and recordings keep them.

An attempt to connect is a series of Steps; it ends with Opened or Failed. An open connection is a
series of Batches, in both directions, and ends with End. Failed also comes after an End, if that is
what ends the command. All are values: equal if their fields are. ``time`` is in seconds since the
epoch, ``elapsed`` in seconds since the dial began. ``records.events`` gives each its JSON form.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wscli.net.opening import Opening, OpeningStep
from wscli.session.end import End
from wscli.wire.receiver import Item


class Step(NamedTuple):
    """A step of an attempt to connect is done; later steps fill in more of ``opening``."""

    name: OpeningStep
    opening: Opening
    time: float
    elapsed: float


class Opened(NamedTuple):
    """The connection is open."""

    opening: Opening
    time: float
    elapsed: float


class Batch(NamedTuple):
    """The frames and messages that one recv brought, or that one send took.

    Frames and violations are among the items only if a sink asked for frames; otherwise short
    messages come as MessageRun. ``subprotocol`` is the one that was agreed on; it may determine how
    messages read.
    """

    incoming: bool
    time: float
    elapsed: float
    items: Sequence[Item]
    subprotocol: str | None = None


class Failed(NamedTuple):
    """An error ends the command, or an attempt to connect.

    ``status`` is the exit status; ``message``, ``evidence`` (its lines end with LF) and ``hint``
    are the three parts of the error. ``opening`` is the attempt that failed; it is None if the
    connection had been open, or the sink did not see the attempt.
    """

    status: int
    message: str
    evidence: str
    hint: str
    time: float
    elapsed: float
    opening: Opening | None = None


Event = Step | Opened | Batch | End | Failed
