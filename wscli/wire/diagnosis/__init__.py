"""Find the most likely cause of a failed upgrade.

Theory of operation
===================

A refusal says little: a 403 may be about the Origin, the Host, a cookie or the path, and a server
that has no route at the path may answer 403, 404, 500 or nothing. But servers differ in how they
refuse, so this package looks for marks of known software in three places:

1. The words and headers of the refusal itself, which are the strongest evidence.
2. The answer to a plain GET of the same path (the *probe*), if the caller sent one. It tells a path
   that does not exist from one that only refuses upgrades, and identifies a service by its page.
3. The status, whose causes are tried from the most to the least likely.

Each function takes evidence and returns a kind, with the facts that advice about it needs. None
gives advice, which depends on the caller (see ``wscli.advice``). Query strings may hold tokens and
are never repeated. Everything here reads text of a stranger, so every search takes linear time and
reads a limited part of a body.

The modules: ``evidence`` holds the known facts, ``refusal`` explains a status, ``services``
recognises known services, ``gateways`` names a proxy, ``foreign`` identifies bytes that are not a
valid answer, and ``body`` makes a body readable. The package takes 3 ms to load, so it is imported
only after a failure.
"""

from wscli.wire.diagnosis.body import show_body
from wscli.wire.diagnosis.evidence import Evidence, PlainResponse
from wscli.wire.diagnosis.foreign import explain_faults, identify
from wscli.wire.diagnosis.refusal import can_be_probed, diagnose
from wscli.wire.diagnosis.services import recognise

__all__ = [
    "Evidence",
    "PlainResponse",
    "can_be_probed",
    "diagnose",
    "explain_faults",
    "identify",
    "recognise",
    "show_body",
]
