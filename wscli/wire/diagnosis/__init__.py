"""Find the most likely cause of a failed upgrade.

Each function takes evidence and returns a kind, with the facts that advice about it needs; none
gives advice, which depends on the caller. The body and the headers are considered first, then the
answer to a plain GET of the same path, and only then the status, whose causes are tried from the
most to the least likely. Query strings may hold tokens and are never repeated.

The modules: ``evidence`` holds the known facts, ``refusal`` explains a status, ``services``
recognises known services, ``gateways`` names a proxy, ``foreign`` identifies bytes that are not a
valid answer, and ``body`` makes a body readable.
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
