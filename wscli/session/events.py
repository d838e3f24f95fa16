"""The events of a session, as sinks receive them and recordings keep them.

An attempt to connect is a series of Steps that ends with Opened or Failed. An open connection is a
series of Batches, in both directions, that ends with End. If a connection's end is also the error
that ends the command, Failed follows its End. ``time`` is in seconds since the epoch, ``elapsed``
in seconds since the dial began. ``records.events`` gives each event its JSON form.

Events are values, equal if their fields are equal, so that reading a recording gives the same
events as the connection did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wscli.net.opening import Opening, OpeningStep
from wscli.session.end import End
from wscli.wire.receiver import Item


class Step(NamedTuple):
    """A step of an attempt to connect is done; later steps add to the same ``opening``."""

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
    """The frames and messages of the bytes that one recv returned, or that one send took.

    Each message follows the frame that completes it. Unless a sink asked for frames, short messages
    have one MessageRun for all instead of a Frame each. ``subprotocol`` is the one that was agreed
    on; a codec may need it to decode the messages.
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
