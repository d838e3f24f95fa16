"""Play the events of a recording to sinks, as a session would have done live."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from wscli.apps.env import Colour, Env
from wscli.apps.report import report
from wscli.errors import WscliError
from wscli.net.opening import Opening, OpeningStep
from wscli.records.events import Recorded
from wscli.session.end import End
from wscli.session.events import Batch, Failed, Opened, Step
from wscli.session.pipeline import Bus, Pipeline, Sink, Stage
from wscli.wire.frames import Frame


class Player:
    """Gives events to sinks, with stages in front of them for each connection.

    ``changed`` is called with the number of a connection before the events that follow, whenever
    it is not that of the last event.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        stages: Callable[[], list[Stage]] = list,
        changed: Callable[[int], None] = lambda _number: None,
    ) -> None:
        self._sinks = sinks
        self._stages = stages
        self._changed = changed
        self._pipelines: dict[int, Bus] = {}  # of the connections that are open
        self._number = 0  # of the latest connection
        self._pipeline = Bus()  # of the latest connection

    def play(self, recorded: Recorded) -> None:
        """Give an event to the sinks."""
        event, number = recorded
        if number != self._number:
            self._change(number or 1)
        if isinstance(event, Batch):
            self._pipeline.batch(event)
        elif isinstance(event, Step):
            self._pipeline.step(event)
        elif isinstance(event, Opened):
            self._pipeline.opened(event)
        elif isinstance(event, End):
            self._pipeline.ended(event)
        else:
            self._pipeline.failed(event)
        if isinstance(event, End | Failed):
            self._pipelines.pop(self._number, None)

    def _change(self, number: int) -> None:
        self._number = number
        if number not in self._pipelines:
            stages = self._stages()
            self._pipelines[number] = Pipeline(stages, self._sinks) if stages else Bus(self._sinks)
        self._pipeline = self._pipelines[number]
        self._changed(number)


class CompleteSteps(Bus):
    """Gives sinks the steps before an opening or a failure, where they were not recorded."""

    def __init__(self, sinks: Sequence[Sink]) -> None:
        super().__init__(sinks)
        self._has_steps = False

    def step(self, step: Step) -> None:
        """Pass on a step."""
        self._has_steps = True
        super().step(step)

    def opened(self, opened: Opened) -> None:
        """Pass on that the connection is open, after its steps."""
        self._complete(opened)
        super().opened(opened)

    def failed(self, failed: Failed) -> None:
        """Pass on an error, after the steps of the attempt."""
        self._complete(failed)
        super().failed(failed)

    def _complete(self, event: Opened | Failed) -> None:
        opening = event.opening
        if opening is not None and not self._has_steps:
            for name in _steps_of(opening):
                super().step(Step(name, opening, event.time, event.elapsed))
        self._has_steps = False


class FrameWatch(Sink):
    """Notices messages whose frames were not recorded."""

    def __init__(self) -> None:
        self._has_messages = False
        self._has_frames = False

    @property
    def lacks_frames(self) -> bool:
        """Whether there were messages and no frames."""
        return self._has_messages and not self._has_frames

    def batch(self, batch: Batch) -> None:
        """Look at a batch."""
        if not self._has_frames:
            self._has_frames = any(isinstance(item, Frame) for item in batch.items)
            self._has_messages = True


class ErrorReports(Sink):
    """Writes errors on stderr, as the command that was recorded did."""

    def __init__(self, env: Env, colour: Colour) -> None:
        self._env = env
        self._colour = colour

    def failed(self, failed: Failed) -> None:
        """Write an error."""
        error = WscliError(failed.message, failed.evidence, failed.hint)
        report(error, self._env, self._colour)


def _steps_of(opening: Opening) -> Iterator[OpeningStep]:
    """Yield the steps that an opening has gone through, in their order."""
    done = {
        OpeningStep.REQUEST: opening.request is not None,
        OpeningStep.RESPONSE: opening.response is not None,
        OpeningStep.PROBE: opening.probe is not None,
    }
    for step in OpeningStep:
        if done.get(step, step in opening.timings):
            yield step
