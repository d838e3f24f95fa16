"""The values of a request's target: the last part of its path, and its query."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from wscli.server.route_table import Parameter, Route, T


class TargetValues:
    """The parsed values of a target's parameters.

    An unknown parameter is an error, since it may be a misspelled one. So is a parameter that is
    given twice, since either value may be the intended one. An empty value is a value: valid for
    TEXT, but not for a number, duration or size.

    Raises:
        ValueError: with the parameter and the reason.
    """

    def __init__(self, route: Route, rest: str, query: str, max_size: int) -> None:
        self._values: dict[str, Any] = {}
        known = {parameter.name: parameter for parameter in route.parameters}
        # Without ``keep_blank_values``, "?count=" would be no parameter at all.
        for name, text in parse_qsl(query, keep_blank_values=True):
            if name not in known:
                names = ", ".join(known) or "no parameters"
                raise ValueError(f"unknown parameter {name[:100]!r}; this path takes {names}")
            if name in self._values:
                raise ValueError(f"the parameter {name} is given twice")
            self._values[name] = known[name].parse(text, max_size)
        if route.argument is not None:
            self._values[route.argument.name] = route.argument.parse(rest, max_size)

    def get(self, parameter: Parameter[T]) -> T | None:
        """Return a value, or None if it is absent."""
        value: T | None = self._values.get(parameter.name)
        return value

    def __getitem__(self, parameter: Parameter[T]) -> T:
        """Return a value, or the default if it is absent."""
        # Defaults are read as values are, so that help shows them as a user would write them.
        value = self.get(parameter)
        return parameter.kind.read(parameter.default) if value is None else value
