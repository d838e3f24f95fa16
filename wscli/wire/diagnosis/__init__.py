"""Find the most likely cause of a failed upgrade, and suggest what to try.

Each function takes evidence and returns a hint. It considers first the body and the headers, then
the answer to a plain GET of the same path, and only then the status, whose causes it lists from the
most to the least likely. There is a module for each kind of evidence: ``evidence`` holds the facts,
``refusal`` explains a status, ``services`` recognises known services, ``gateways`` names a proxy,
``foreign`` explains bytes that are not a valid answer, and ``body`` makes a body readable. Query
strings may hold tokens and are never repeated.
"""

from wscli.wire.diagnosis.body import show_body
from wscli.wire.diagnosis.evidence import Evidence, PlainResponse
from wscli.wire.diagnosis.foreign import (
    explain_faults,
    explain_not_http,
    explain_stray_response,
)
from wscli.wire.diagnosis.refusal import can_be_probed, explain_refusal

__all__ = [
    "Evidence",
    "PlainResponse",
    "can_be_probed",
    "explain_faults",
    "explain_not_http",
    "explain_refusal",
    "explain_stray_response",
    "show_body",
]
