"""The access log of the embedded server, one line a connection, and its recording.

All of it runs in the thread of the server's event loop. A write that blocks, because nobody reads
the log, holds up every connection until it is read again; on a signal it is abandoned, so that the
server always ends.
"""

from __future__ import annotations

import io
import json
import signal
import traceback
from collections.abc import Callable
from typing import Literal

# ``report`` would import it on use. A server that has run out of file descriptors could not open
# the module then, and the report of that very error would fail.
import wscli.advice  # noqa: F401
from wscli.apps.env import Env
from wscli.apps.report import report, say
from wscli.errors import WscliError
from wscli.server.access import AccessRecord, Watcher
from wscli.server.foreground import End
from wscli.session.pipeline import Sink
from wscli.sinks.output import Output, RawStream, main_thread_writes
from wscli.sinks.recording import ConnectionRecorder, RecordingFile, Redact
from wscli.status import ExitStatus, OutputStalled
from wscli.text import clock_time, iso_time, show_size, visible

LogForm = Literal["text", "json", "none"]
"""The form of the log: text on stderr, JSON on stdout, or no log."""

_GRACE = 1.0  # seconds for which a write may still block once a signal has ended the server
_TICK = 0.1  # seconds between two checks of the write in progress


class AccessLog(Watcher):
    """Writes a line for each connection when it has ended: on stderr, or as JSON on stdout.

    A recording has every event of every connection, with ``frames`` each frame too.
    """

    def __init__(
        self,
        env: Env,
        form: LogForm,
        recording: io.FileIO | None,
        *,
        frames: bool = False,
        redact: Redact | None = None,
    ) -> None:
        self._env = env
        self._form = form
        self._stdout = _ReportingOutput(env.stdout, "the output", self._unwritable)
        self._recording = None
        if recording is not None:
            self._recording = RecordingFile(
                recording, str(recording.name), self._unrecorded, frames=frames, redact=redact
            )
        self._frames = frames
        # stdout is data: if it is lost, the server ends. A lost stderr only loses the log.
        self._talk = Output(env.stderr, None)
        self._end: End | None = None

    def end_with(self, end: End) -> None:
        """Use ``end`` to end the server if its log or recording cannot be written."""
        self._end = end

    def sink(self, access: AccessRecord) -> Sink | None:
        """Return the sink that records a connection."""
        if self._recording is None:
            return None
        return ConnectionRecorder(self._recording, access.number, frames=self._frames)

    def ended(self, access: AccessRecord) -> None:
        """Write a connection's line."""
        if self._form == "json":
            self.event("connection", **_fields(access))
        elif self._form == "text":
            self._talk.write(f"{_line(access)}\n".encode(errors="backslashreplace"))

    def failed(self, message: str, error: BaseException | None) -> None:
        """Report a failure in the server itself, without a traceback unless debugging."""
        if self._env.debug and error is not None:
            say(self._env, "".join(traceback.format_exception(error)).rstrip())
        detail = f": {type(error).__name__}: {error}" if error is not None else ""
        hint = "WSCLI_DEBUG=1 shows where"
        # In lower case, as other errors: the message is asyncio's ("Exception in callback …").
        report(WscliError(f"{message.lower()}{detail}", hint=hint), self._env)

    def warned(self, message: str, hint: str) -> None:
        """Write a warning on stderr, in every form of the log."""
        report(WscliError(message, hint=hint), self._env)

    def interrupted(self, status: ExitStatus) -> None:
        """Abandon writes that block after a grace period, so that the server can end."""
        # Called in the handler of the signal: the event loop may itself be blocked in such a write,
        # and would never run a timer of its own. The alarm repeats because ``abandon_blocked`` ends
        # only a write that it has found twice.
        signal.signal(signal.SIGALRM, lambda *_: main_thread_writes.abandon_blocked(status))
        signal.setitimer(signal.ITIMER_REAL, _GRACE, _TICK)

    def close(self) -> None:
        """Stop the timer of ``interrupted``, and complete the recording."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        if self._recording is not None:
            self._recording.close()

    def event(self, name: str, **fields: object) -> None:
        """Write an event of JSON on stdout."""
        event = {"event": name, "time": iso_time(self._env.clock.time()), **fields}
        self._stdout.write(json.dumps(event, separators=(",", ":")).encode() + b"\n")

    def _unrecorded(self, error: WscliError) -> None:
        """Report that the recording has stopped; the server continues."""
        report(error, self._env)

    def _unwritable(self, error: WscliError | BrokenPipeError) -> None:
        # A reader that went away, as ``head`` does, is not reported: the user asked for that.
        if isinstance(error, WscliError):
            report(error, self._env)
        # A write that was abandoned after a signal ends the server with the status of the signal.
        status = error.status if isinstance(error, OutputStalled) else ExitStatus.READER_GONE
        if self._end is not None:
            self._end(status)


class _ReportingOutput(Output):
    """An output that reports errors instead of raising them.

    The writer is a connection's own callback: an exception would end that connection, which is not
    at fault.
    """

    def __init__(
        self,
        stream: RawStream,
        name: str,
        failed: Callable[[WscliError | BrokenPipeError], None],
    ) -> None:
        super().__init__(stream, name)
        self._failed = failed

    def write(self, data: bytes) -> None:
        """Write all of it, or report that it cannot be written; later data is dropped."""
        try:
            super().write(data)
        except (WscliError, BrokenPipeError) as error:
            self._failed(error)


def _fields(access: AccessRecord) -> dict[str, object]:
    fields: dict[str, object] = {
        "connection": access.number,
        "address": access.address,
        "method": access.method,
        "target": access.target,
        "status": access.status,
        "requests": access.requests,
    }
    # The close fields of a plain request would be defaults (1006, 0 messages), not observations.
    if access.upgraded:
        fields |= {
            "code": access.code,
            "reason": access.reason,
            "by": access.by,
            "clean": access.clean,
            "messages_in": access.messages_in,
            "messages_out": access.messages_out,
        }
    fields |= {
        "bytes_in": access.bytes_in,
        "bytes_out": access.bytes_out,
        "elapsed": round(access.elapsed, 6),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _line(access: AccessRecord) -> str:
    parts = [
        clock_time(access.time),
        access.address,
        f"{access.method} {access.target}" if access.method else "no request",
        str(access.status or "no response"),
    ]
    # A kept-alive connection, such as one of `wscli compare`, makes hundreds of requests.
    if access.requests > 1:
        parts[2] += f" and {access.requests - 1} more"
    if access.upgraded:
        reason = f' "{access.reason}"' if access.reason else ""
        by = f" by the {access.by}" if access.by else ""
        parts.append(f"closed {access.code}{reason}{by}")
    parts.append(f"in {_amount(access, access.messages_in, access.bytes_in)}")
    parts.append(f"out {_amount(access, access.messages_out, access.bytes_out)}")
    parts.append(f"{access.elapsed:.3f} s")
    # The target and the close reason are the client's: they may hold escape sequences.
    return visible("  ".join(parts))


def _amount(access: AccessRecord, messages: int, size: int) -> str:
    return f"{messages:,} ({show_size(size)})" if access.upgraded else show_size(size)
