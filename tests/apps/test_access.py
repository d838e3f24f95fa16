"""The access log when the server itself fails."""

import io

import pytest

from wscli.apps.access import AccessLog
from wscli.apps.env import Env


@pytest.mark.parametrize("debug", [False, True])
def test_a_failure_is_one_line_and_has_a_traceback_only_when_debugging(tmp_path, debug):
    path = tmp_path / "stderr"
    environ = {"WSCLI_DEBUG": "1"} if debug else {}
    with io.FileIO("/dev/null", "r+") as null, io.FileIO(path, "w") as stderr:
        log = AccessLog(Env(null, null, stderr, environ), "text", None)
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError as error:
            log.failed("Exception in callback", error)
    said = path.read_text()
    assert "wscli: exception in callback: ZeroDivisionError: division by zero" in said
    assert ("Traceback" in said) == debug
