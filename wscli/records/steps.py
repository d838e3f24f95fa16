"""The steps of an attempt to connect, for a recording that has its outcome alone."""

from __future__ import annotations

from collections.abc import Iterator

from wscli.net.opening import Opening, OpeningStep


def steps_of(opening: Opening) -> Iterator[OpeningStep]:
    """Yield the steps that an opening has gone through, in their order."""
    done = {
        OpeningStep.REQUEST: opening.request is not None,
        OpeningStep.RESPONSE: opening.response is not None,
        OpeningStep.PROBE: opening.probe is not None,
    }
    for step in OpeningStep:
        if done.get(step, step in opening.timings):
            yield step
