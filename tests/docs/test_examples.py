"""The programs in ``examples/``, each run as its users would run it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import ROOT, read_page

EXAMPLES = ROOT / "examples"


def run(program, *args):
    """Run an example; return its status, stdout and stderr."""
    interpreter = [sys.executable, "-W", "error"] if program.endswith(".py") else ["sh"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [*interpreter, EXAMPLES / program, *args],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_request_prints_the_reply(serve):
    status, out, err = run("request.py", f"{serve().url}/echo")
    assert (status, err) == (0, "")
    assert json.loads(out)["id"] == 1


def test_the_request_says_why_there_is_no_reply(serve):
    status, out, err = run("request.py", f"{serve().url}/status/404")
    assert (status, out) == (1, "")
    assert err.startswith("the server answered 404")


def test_the_listener_prints_the_messages_of_each_server(serve):
    url = serve().url
    urls = [f"{url}/push?n=2&size=2", f"{url}/ticks?interval=10ms&count=3"]
    status, out, err = run("listen.py", *urls)
    assert (status, err) == (0, "")
    origins = [line.partition(" ")[0] for line in out.splitlines()]
    assert [origins.count(each) for each in urls] == [2, 3]


def test_the_health_check_prints_the_reply_of_a_healthy_server(serve):
    assert run("health-check.sh", f"{serve().url}/echo", "hello") == (0, "healthy: hello\n", "")


@pytest.mark.parametrize(
    ("path", "verdict"), [("/status/503", "not reachable"), ("/close?code=1011", "closed with")]
)
def test_the_health_check_fails_and_names_the_kind_of_failure(serve, path, verdict):
    status, out, err = run("health-check.sh", f"{serve().url}{path}")
    assert (status, out) == (1, "")
    assert verdict in err


def test_the_client_passes_its_test():
    assert run("client-test.sh") == (0, "passed\n", "")


def test_the_readme_of_the_examples_names_each_of_them():
    for path in EXAMPLES.iterdir():
        assert f"]({path.name})" in read_page("examples/README.md") or path.name == "README.md"
