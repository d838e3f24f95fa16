"""Which end of a connection was recorded: a client and a server see opposite directions."""

from __future__ import annotations

from wscli.net.opening import Opening
from wscli.wire.codes import Role


def recorder_role(opening: Opening) -> Role:
    """Return the role of the end that recorded a connection.

    A client times each phase of an opening; a server has none of these phases.
    """
    return Role.CLIENT if opening.timings else Role.SERVER
