"""Run the embedded server until Ctrl-C: announce its address, and log its connections."""

from __future__ import annotations

import ipaddress
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from wscli.apps.access import AccessLog, LogForm
from wscli.apps.env import Env
from wscli.apps.load_recording import load_connections
from wscli.apps.options import Existing
from wscli.apps.recording import open_recording, redactor
from wscli.apps.report import remark, report
from wscli.errors import WscliError
from wscli.server.admission import ANY_ORIGIN
from wscli.server.foreground import End, serve
from wscli.server.options import ServeOptions
from wscli.server.server import WILDCARDS, Server
from wscli.status import ExitStatus, status_of

if TYPE_CHECKING:
    from wscli.payload.matching import RegexReplacer


class ServeCommand(NamedTuple):
    """How to serve, log and record; with ``frames`` the recording has every frame.

    ``replay`` names a recording whose server is played.
    """

    serve: ServeOptions = ServeOptions()
    replay: str | None = None
    log: LogForm = "text"
    record: str | None = None
    existing: Existing = "refuse"
    redact: tuple[RegexReplacer, ...] | None = None
    frames: bool = False


def run(command: ServeCommand, env: Env) -> ExitStatus:
    """Serve, and return the exit status."""
    try:
        with ExitStack() as stack:
            options = command.serve
            if command.replay is not None:
                options = options._replace(replay=load_connections(command.replay, env))
            recording = None
            if command.record is not None:
                recording = open_recording(command.record, command.existing)
            log = AccessLog(
                env,
                command.log,
                recording,
                frames=command.frames,
                redact=redactor(command.redact),
            )
            # Only after the server has stopped: the timer also bounds the writes of the lines for
            # the connections that the signal closes.
            stack.callback(log.close)

            def started(server: Server, end: End) -> None:
                """Announce the server, and let the log end it."""
                log.end_with(end)
                _announce(server, command, env, log)

            return serve(options, log, started)
    except WscliError as error:
        report(error, env)
        return status_of(error)


def _announce(server: Server, command: ServeCommand, env: Env, log: AccessLog) -> None:
    # A program that started the server with port 0 reads the address from this event.
    if command.log == "json":
        log.event("serving", url=server.url, v=1)
    elif command.log == "text":
        for line in _introduction(server):
            remark(env, line)
    if command.log != "none":
        for line in _exposure(server):
            remark(env, line)


def _introduction(server: Server) -> list[str]:
    page = server.url.replace("ws", "http", 1)
    path = server.options.unix_socket
    lines = [f"serving {server.url}, and a page for the browser at {page}; Ctrl-C ends it"]
    if path is not None:
        lines = [f"serving the Unix socket {path}; try: wscli --unix-socket {path} {server.url}"]
    if recorded := server.options.replay:
        lines.append(f"playing {len(recorded):,} recorded connection{'s' * (len(recorded) > 1)}")
    # A client that trusts the file need not switch all checks off with --insecure.
    if server.certificate is not None:
        trust = f"wscli --cacert {server.certificate} {server.url}"
        lines.append(f"the certificate was made for this run; to trust it: {trust}")
    return lines


def _exposure(server: Server) -> list[str]:
    """Return a warning for each option that opens the server beyond this machine."""
    lines = []
    if ANY_ORIGIN in server.options.origins:
        lines.append("any page that a browser on this machine opens can connect to this server")
    # The addresses that were bound, not the host that was asked for: a name may have several.
    open_to = [address for address in server.addresses if not _is_loopback(address)]
    if open_to:
        everywhere = set(open_to) & set(WILDCARDS)
        where = "any address of this machine" if everywhere else ", ".join(open_to)
        lines.append(f"anyone who can reach {where} can connect, read every hub, and send to it")
    return lines


def _is_loopback(address: str) -> bool:
    # A link-local IPv6 address ends with its zone, as in fe80::1%eth0 (RFC 4007 §11).
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback
