"""Why an upgrade failed, most likely, and what to try.

Each function takes evidence and returns a hint. It looks first at what the server says (body and
headers), then at how it answered a plain GET of the same path, and only then at the status, whose
causes it names from the most to the least likely. One module for each kind of evidence:
``evidence`` is what is known, ``refusal`` reads a status, ``services`` recognises what a page is,
``gateways`` names a proxy, ``foreign`` reads bytes that are not a valid answer, and ``body`` makes
a body readable. Query strings may hold tokens and are never repeated.
"""

from wscli.wire.diagnosis.body import show_body
from wscli.wire.diagnosis.evidence import REDIRECTS, Answer, Evidence
from wscli.wire.diagnosis.foreign import (
    explain_faults,
    explain_not_http,
    explain_silence,
    explain_stray_response,
)
from wscli.wire.diagnosis.refusal import can_be_probed, explain_refusal

__all__ = [
    "REDIRECTS",
    "Answer",
    "Evidence",
    "can_be_probed",
    "explain_faults",
    "explain_not_http",
    "explain_refusal",
    "explain_silence",
    "explain_stray_response",
    "show_body",
]
