"""Replay a recording: send its client's messages, and compare the server's behaviour.

The comparison has three parts: the subprotocol, once the connection is open; each message, when it
comes (``ReplayStage``); and the end of the connection. For a recorded attempt that failed there is
only one: the failure.
"""

from __future__ import annotations

from typing import NamedTuple

from wscli.apps import demo
from wscli.apps.display import data_sink, stdout_palette
from wscli.apps.env import Env
from wscli.apps.load_recording import load_connections
from wscli.apps.options import OutputOptions, SessionOptions
from wscli.apps.playback import Pace, make_cues
from wscli.apps.recorded_request import repeat_request, withheld_headers, without_redacted
from wscli.apps.replay_result import ReplayResult
from wscli.apps.replay_stage import ReplayScript, ReplayStage, slow_query
from wscli.apps.report import remark, report
from wscli.apps.run import CommandSession, SessionCommand, run_session, usual_error
from wscli.errors import ConnectError, TimedOut, Unsent, UpgradeError, UsageError, WscliError
from wscli.net.opening import Opening
from wscli.net.url import Url, parse_url
from wscli.payload.comparison import Match, MessageComparison
from wscli.payload.matching import JsonPathQuery, PatternTimeout
from wscli.payload.message import Message
from wscli.records.connections import (
    Ending,
    RecordedConnection,
    choose_connection,
    ending_of,
)
from wscli.session.end import End
from wscli.session.events import Failed
from wscli.session.pipeline import Pipeline, Sink
from wscli.sinks.differences import DifferenceJson, DifferenceOutput, DifferenceText
from wscli.sinks.output import Output
from wscli.status import ExitStatus, status_of
from wscli.wire.codes import Role, may_be_sent

_INTERRUPTED = (ExitStatus.INTERRUPTED, ExitStatus.TERMINATED, ExitStatus.HUNG_UP)
_NO_ORIGIN = Url(False, "", 0, "/")  # the embedded server has another port each time


class ReplayOptions(NamedTuple):
    """What to replay, and how; if the URL of ``session`` is empty, the recorded one is used.

    ``connection`` is the number of one in a recording of several. ``mapped`` are the places in
    which the server gives ids. Unless ``ordered``, messages may come in another order. ``timeout``
    is the seconds to wait for missing messages.
    """

    session: SessionOptions
    file: str
    connection: int | None = None
    pace: Pace = "recorded"
    speed: float = 1.0
    match: Match = "json"
    ignored: tuple[JsonPathQuery, ...] = ()
    mapped: tuple[JsonPathQuery, ...] = ()
    ordered: bool = True
    timeout: float = 10.0


def run(options: ReplayOptions, env: Env) -> ExitStatus:
    """Replay, and return the exit status: 10 if anything differs."""
    output = options.session.output
    try:
        connections = load_connections(options.file, env)
        recorded = choose_connection(connections, options.connection, "--connection N")
        session = _repeat(options.session, recorded, env)
        replay = Replay(options._replace(session=session), recorded, env)
    except (WscliError, PatternTimeout) as error:
        known = error if isinstance(error, WscliError) else slow_query(error)
        report(known, env, output.colour)
        return status_of(known)
    status = run_session(replay.command(), env)
    interrupted = status in _INTERRUPTED
    if interrupted or (status == ExitStatus.OK and not output.quiet):
        remark(env, f"{'interrupted: ' * interrupted}{replay.summary()}")
    return status


def _repeat(session: SessionOptions, recorded: RecordedConnection, env: Env) -> SessionOptions:
    """Return the options that repeat the recorded request.

    Raises:
        UsageError: if neither the options nor the recording have a URL.
    """
    opening = recorded.opening
    if opening is None:
        if not session.url:
            raise UsageError("the recording has no URL", hint="wscli replay FILE URL")
        return session
    url = session.url or str(opening.url)
    target = _NO_ORIGIN if url.startswith(demo.SCHEME) else parse_url(url)
    connect = without_redacted(repeat_request(session.connect, opening, target))
    if recorded.failed is not None:
        connect = connect._replace(probe=False)  # a refusal is expected, and needs no explanation
    names = withheld_headers(session.connect, opening, target)
    if names and not session.output.quiet:
        others = "-H, --bearer, --user or --cookie give others"
        remark(env, f"not sent: {', '.join(names)}; {others}")
    return session._replace(url=url, connect=connect)


class Replay:
    """One replay, and its result so far."""

    def __init__(self, options: ReplayOptions, recorded: RecordedConnection, env: Env) -> None:
        self._options = options
        self._recorded = recorded
        self._env = env
        self._result = ReplayResult(_difference_output(options.session.output, env), env.clock)
        self._script = make_script(options, recorded)
        self._repeated_failure = ""  # of the attempt to connect, once it has failed again
        self._not_left = 0  # messages that still waited in the outbox at the end
        self._stage = ReplayStage(
            self._script,
            MessageComparison(options.match, options.ignored, options.mapped),
            options.timeout,
            self._result.add_messages,
            ordered=options.ordered,
        )

    def command(self) -> SessionCommand:
        """Return the command that replays."""
        session = self._options.session
        is_json = session.output.form == "json"
        sink = data_sink(session.output, self._env) if is_json else Sink()
        pipeline = Pipeline([self._stage], [sink], self._env.clock)
        return SessionCommand(session, self._work, pipeline, judge=self._judge)

    def summary(self) -> str:
        """Return the result in a line."""
        if not self._result:
            return self._repeated_failure or self._progress()
        return f"{self._progress()}; {self._result.describe()}"

    @property
    def _unsent(self) -> int:
        return self._stage.unsent + self._not_left

    @property
    def _total(self) -> int:
        return self._stage.unsent + self._stage.sent

    def _progress(self) -> str:
        unsent, total, alignment = self._unsent, self._total, self._stage.alignment
        of_total = f" of {total:,}" if unsent else ""
        what = f"{total - unsent:,}{of_total} message{'s' * (total != 1)} sent"
        if self._options.match == "none":
            return f"{what}, {alignment.came:,} received"
        expected = len(self._script.expected)
        of_expected = f" of {expected:,}" if alignment.equal != expected else ""
        return f"{what}, {alignment.equal:,}{of_expected} received as recorded"

    def _work(self, running: CommandSession) -> None:
        """Replay until nothing is waited for any more, and close as the client closed then."""
        if self._recorded.failed is not None:
            return
        self._compare_subprotocol(running.session.opening)
        finished = running.wait(lambda: self._stage.finished)
        self._not_left = running.session.unsent_messages()
        ending = self._recorded.ending
        by_client = ending is not None and ending.by is Role.CLIENT
        if finished and ending is not None and by_client and may_be_sent(ending.code):
            running.session.close(ending.code)

    # The outcome

    def _judge(self, outcome: End | WscliError) -> WscliError | None:
        """Compare the rest, and return the error that the command ends with, if any."""
        failed = self._recorded.failed
        if failed is None and isinstance(outcome, WscliError):
            return self._suggest_url(outcome)  # no connection, and nothing to compare
        if self._options.match == "none":
            return self._unsent_error() or usual_error(outcome)
        if failed is not None:
            self._compare_failure(failed, outcome)
        elif isinstance(outcome, End):
            self._compare_rest(outcome)
        if self._result:
            return self._result.error(self._evidence(), waited=self._stage.gave_up)
        if failed is not None or self._recorded.ending is not None:
            return None  # it ended as it did then, be that an error or not
        return self._unsent_error() or usual_error(outcome)

    def _suggest_url(self, error: WscliError) -> WscliError:
        # A recorded server is often gone, that of ``demo:`` always: it has a new port each time.
        recorded = self._recorded.opening
        by_file = recorded is not None and self._options.session.url == str(recorded.url)
        if not by_file or not isinstance(error, ConnectError):
            return error
        hint = "give the URL of another server after the file, for example demo:"
        evidence = f"{error.evidence}\nthe URL is the one in the recording".lstrip()
        return ConnectError(error.what, evidence, hint)

    def _compare_subprotocol(self, opening: Opening) -> None:
        recorded = self._recorded.opening
        if recorded is None or recorded.agreement is None or self._options.match == "none":
            return
        now = opening.agreement
        self._result.compare("subprotocol", recorded.agreement.subprotocol, now and now.subprotocol)

    def _compare_failure(self, failed: Failed, outcome: End | WscliError) -> None:
        then, today = _describe_failed(failed), _describe_outcome(outcome)
        self._result.compare("refusal", then, today)
        if then == today:
            refused = f"refused with {today['status']}" if "status" in today else "not connected"
            self._repeated_failure = f"{refused} as recorded"

    def _compare_rest(self, end: End) -> None:
        """Finish the comparison once no more messages will come."""
        self._stage.compare_rest(end.time, end.elapsed)
        if self._recorded.ending is not None:
            sides = _describe_endings(self._recorded.ending, ending_of(end))
            self._result.compare("close", *sides)

    def _evidence(self) -> str:
        if self._recorded.failed is not None:
            return ""  # no message was to be sent or to come
        lines = [self._progress()]
        if self._stage.gave_up:
            lines.append(f"nothing that was expected came for {self._options.timeout:g} s")
        return "\n".join(lines)

    def _unsent_error(self) -> WscliError | None:
        """Return the error for messages that were not sent, if there are any."""
        if not self._unsent:
            return None
        what = f"{self._unsent:,} of {self._total:,} messages were not sent"
        if self._stage.gave_up:
            return TimedOut(what, self._evidence(), "--timeout waits longer")
        return Unsent(what, "the connection ended first")


def _difference_output(output: OutputOptions, env: Env) -> DifferenceOutput:
    stdout = Output(env.stdout)
    if output.form == "json":
        return DifferenceJson(stdout, escape=env.stdout_tty)
    width = env.width if env.stdout_tty else None
    return DifferenceText(stdout, stdout_palette(output, env), width)


def make_script(options: ReplayOptions, recorded: RecordedConnection) -> ReplayScript:
    """Return the messages to send and to expect."""
    pace = 1 / options.speed if options.pace == "recorded" else 0.0
    received, ending = recorded.received(), recorded.ending
    end = recorded.items[-1].at if recorded.items else 0.0
    if ending is not None:
        end = ending.at
    script = ReplayScript(
        make_cues(recorded.items, options.pace, options.speed, options.mapped),
        [Message(item.opcode, item.payload) for item in received],
        ending,
        received[-1].at * pace if received else 0.0,
        end * pace,
    )
    return script._replace(last=script.end) if script.ends_by_server else script


def _describe_failed(failed: Failed) -> dict[str, object]:
    """Return how an attempt to connect failed, as JSON."""
    response = None if failed.opening is None else failed.opening.response
    if response is not None and response.status != 101:
        return {"status": response.status}
    return {"exit_status": failed.status}


def _describe_outcome(outcome: End | WscliError) -> dict[str, object]:
    """Return the same of an attempt now, which may have succeeded."""
    if isinstance(outcome, End):
        return {"status": 101}
    if isinstance(outcome, UpgradeError) and outcome.http_status is not None:
        return {"status": outcome.http_status}
    return {"exit_status": int(status_of(outcome))}


def _describe_endings(recorded: Ending, now: Ending) -> tuple[dict[str, object], dict[str, object]]:
    """Return two ends as JSON, with the fields that can be compared.

    Some programs do not record which side closed first.
    """
    then, today = _describe_ending(recorded), _describe_ending(now)
    if recorded.by is None and not recorded.lost:
        if now.by is not Role.SERVER:
            return {}, {}
        then["by"] = today["by"]
    return then, today


def _describe_ending(ending: Ending) -> dict[str, object]:
    fields: dict[str, object] = {"by": ending.by and ending.by.value, "code": ending.code}
    # A client does not record the reason that it gave itself.
    return fields if ending.by is Role.CLIENT else {**fields, "reason": ending.reason}
