"""From a URL to an open connection: dial, upgrade, and the redirects on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from wscli.errors import UpgradeError, UsageError
from wscli.net.attempt import Attempt, Observer
from wscli.net.clock import Clock, Deadline
from wscli.net.dial import dial
from wscli.net.opening import Opening
from wscli.net.options import SECRET_HEADERS, ConnectOptions
from wscli.net.redaction import redact_url
from wscli.net.stream import Stream
from wscli.net.upgrade import check_options, upgrade
from wscli.net.url import Url, join_url, parse_url
from wscli.wire.head import REDIRECTS

_MAX_REDIRECTS = 10

# "host" is no secret, but was meant for the first server: another one would refuse it, or take the
# request for one of its other sites.
_BOUND_TO_ORIGIN = SECRET_HEADERS | {"host"}


class Connected(NamedTuple):
    """An upgraded connection: its stream, its record, and the bytes that came with the 101."""

    stream: Stream
    opening: Opening
    leftover: bytes


def open_connection(
    url: str,
    options: ConnectOptions,
    *,
    clock: Clock,
    environ: Mapping[str, str],
    observe: Observer,
) -> Connected:
    """Connect and upgrade; follow redirects if the options say so. One deadline covers it all.

    Raises:
        WscliError: a subclass that names the step that failed; see ``errors``.
    """
    target = parse_url(url)
    deadline = Deadline(clock, options.connect_timeout, "connecting")
    for _ in range(_MAX_REDIRECTS + 1):
        # For each target, since a redirect may bring credentials in its URL.
        check_options(target, options)
        attempt = Attempt(Opening(target), options, deadline, clock, observe)
        try:
            return _open_once(attempt, environ)
        except UpgradeError:
            location = _redirect_location(attempt)
            if location is None:
                raise
        previous, target = target, _join_location(target, location)
        # Anyone on the network path could read and change what follows. By writing wss:// the user
        # has ruled that out.
        if previous.secure and not (target.secure or options.allow_downgrade):
            raise _downgrade(previous, target)
        # As in curl: otherwise an open redirect of one server would give its credentials to any
        # other. An origin is scheme, host and port.
        if target.origin != previous.origin:
            options = without_credentials(options)
        elif target.user is None:
            target = target._replace(user=previous.user, password=previous.password)
    raise UpgradeError(
        f"gave up after {_MAX_REDIRECTS} redirects",
        f"the last one led to {target.shown}",
        kind="redirect-loop",
    )


def _downgrade(previous: Url, target: Url) -> UpgradeError:
    return UpgradeError(
        "the server redirects from wss:// to ws://, which is not encrypted",
        f"{previous.shown} redirects to {target.shown}",
        kind="downgrade",
    )


def _open_once(attempt: Attempt, environ: Mapping[str, str]) -> Connected:
    stream = dial(attempt, environ)
    try:
        leftover = upgrade(stream, attempt)
    except UpgradeError as error:
        # Before the probe, since a simple server serves one connection at a time, and would not
        # answer the probe while this one is open.
        stream.close()
        if attempt.options.probe:
            from wscli.net.probe import explain_by_probe  # only needed after a refusal

            explain_by_probe(error, attempt, environ)
        raise
    except BaseException:
        # Also for KeyboardInterrupt, which a signal handler raises while connecting.
        stream.close()
        raise
    return Connected(stream, attempt.opening, leftover)


def _redirect_location(attempt: Attempt) -> str | None:
    response = attempt.opening.response
    if not attempt.options.follow_redirects or response is None:
        return None
    return response.headers.get("Location") if response.status in REDIRECTS else None


def _join_location(target: Url, location: str) -> Url:
    try:
        return join_url(target, location)
    except UsageError as error:
        raise UpgradeError(
            "the server redirects to an invalid Location",
            repr(redact_url(location)),
            error.hint,
        ) from None


def without_credentials(options: ConnectOptions) -> ConnectOptions:
    """Return the options for another origin: without credentials, client certificate and names."""
    # Options about the network and about trust stay: proxy, CA, version of TLS.
    headers = tuple(field for field in options.headers if field[0].lower() not in _BOUND_TO_ORIGIN)
    return options._replace(
        headers=headers,
        user=None,
        password=None,
        bearer=None,
        cookies=(),
        host=None,
        cert=None,
        key=None,
        server_name=None,
    )
