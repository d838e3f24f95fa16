"""Hide secrets: credentials, and the query of a URL, which may hold a token.

Errors end up in logs of CI systems and in bug reports. Browsers cannot set headers on a WebSocket,
which is why many services take their token in the query.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from wscli.wire.head import without_query

# Up to the last "@", since users write passwords with "@" unencoded. It hides too much of a path
# that contains one, which is better than too little of a password.
_USERINFO = r"^((?:[A-Za-z][A-Za-z0-9+.-]*://)?)[^?#]*@"
_PASSWORD = r"^((?>(?:[A-Za-z][A-Za-z0-9+.-]*://)?)[^:/@]*):.*@"  # noqa: S105 a pattern
_MASK = "…"

# Characters. A shorter value of a query, such as a version number, is hardly a secret, and masking
# every occurrence of it would make a response unreadable.
_MIN_SECRET = 6


SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "set-cookie")
"""The headers that carry credentials by definition."""

# Others carry them by convention, such as X-Api-Key and X-Auth-Token.
_SENSITIVE_HEADER = (
    rf"(?i)(?:{'|'.join(SECRET_HEADERS)})|.*(?:token|secret|api-?key|auth-key|passw(?:or)?d).*"
)
_SENSITIVE_PARAMETER = (
    r"(?i).*(?:token|secret|key|passw(?:or)?d|pwd|auth(?!or)|jwt|session|signature|credential"
    r"|ticket|bearer).*|sid|sig|pass"
)


def is_secret_header(name: str) -> bool:
    """Return True if a header has credentials, judged by its name."""
    return re.fullmatch(_SENSITIVE_HEADER, name) is not None


def is_secret_parameter(name: str) -> bool:
    """Return True if a parameter of a query is like a token, judged by its name."""
    return re.fullmatch(_SENSITIVE_PARAMETER, name) is not None


def redact_url(text: str) -> str:
    """Return a URL without its credentials, query and fragment, as errors may show it."""
    # The text may be no valid URL, so it is not parsed: that is often why it is shown.
    shown = re.sub(_USERINFO, rf"\1{_MASK}@", text)
    path = without_query(shown)
    return path if path == shown else f"{shown[: len(path) + 1]}{_MASK}"


def mask_query(text: str, target: str) -> str:
    """Return a text without the values of a target's query, which some responses repeat."""
    # Error pages say "no route for /ws?token=…", and redirects keep the query.
    query = target.partition("?")[2]
    values = [field.partition("=")[2] for field in query.split("&")]
    for secret in (query, *values):
        if len(secret) >= _MIN_SECRET:
            text = text.replace(secret, _MASK)
    return text


def mask(secret: str | None) -> str | None:
    """Return a stand-in for a secret; None stays None."""
    # The same for every secret, so that it does not even show the length.
    return None if secret is None else _MASK


def mask_password(url: str | None) -> str | None:
    """Return a proxy's URL with a stand-in for its password, if it has one."""
    return None if url is None else re.sub(_PASSWORD, rf"\1:{_MASK}@", url)


def masked_repr(value: NamedTuple, **masked: Any) -> str:
    """Return the repr of a named tuple, with some fields replaced."""
    fields = {**value._asdict(), **masked}
    shown = ", ".join(f"{name}={field!r}" for name, field in fields.items())
    return f"{type(value).__name__}({shown})"
