"""The Autobahn conformance suite: where it is, how it is run, and what its report says.

It is Python 2. It runs from PyPI's autobahntestsuite where a python2.7 is found (on PATH, or
pyenv's, or named by PYTHON2), and is installed once, in the cache folder or in AUTOBAHN_SUITE.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import venv
from contextlib import contextmanager
from pathlib import Path

PACKAGE = "autobahntestsuite==25.10.1"
VIRTUALENV = "virtualenv==20.21.1"  # the last one that makes environments for 2.7
AGENT = "wscli"

QUICK = (
    *(f"{category}.*" for category in (1, 2, 3, 4, 5, 6, 7, 10)),
    *(f"12.{group}.1" for group in range(1, 6)),
    *(f"13.{group}.1" for group in range(1, 8)),
)
CASES = {
    "quick": QUICK,
    "core": tuple(f"{category}.*" for category in range(1, 11)),
    "compression": ("12.*", "13.*"),
    "full": ("*",),
}

NO_RIGHT_ANSWER = frozenset({"7.1.6", "7.13.1", "7.13.2"})
"""Cases that the suite itself only calls informational."""


class Unavailable(Exception):
    """The suite cannot be run here, and why."""


def find_python2():
    """Return a python2.7 that runs.

    Raises:
        Unavailable: if there is none.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [
        os.environ.get("PYTHON2"),
        *sorted(map(str, pyenv.glob("versions/2.7.*/bin/python2.7")), reverse=True),
        shutil.which("python2.7"),
    ]
    for candidate in filter(None, candidates):
        command = [candidate, "-c", "import sys; sys.exit(sys.version_info[:2] != (2, 7))"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return candidate
    raise Unavailable("no python2.7 is found")


def install():
    """Return the command wstest, installed if it was not.

    Raises:
        Unavailable: if it cannot be.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wscli-autobahn"
    folder = Path(os.environ.get("AUTOBAHN_SUITE", cache))
    wstest = folder / "py2" / "bin" / "wstest"
    if wstest.exists():
        return str(wstest)
    python2 = find_python2()
    venv.create(folder / "boot", with_pip=True)
    boot = folder / "boot" / "bin"
    for command in (
        [boot / "python", "-m", "pip", "install", "-q", VIRTUALENV],
        [boot / "virtualenv", "-q", "-p", python2, folder / "py2"],
        [folder / "py2" / "bin" / "pip", "install", "-q", PACKAGE],
    ):
        done = subprocess.run(list(map(str, command)), capture_output=True, check=False)
        if done.returncode:
            raise Unavailable(f"cannot install the suite: {done.stderr.decode()[-300:]}")
    return str(wstest)


def run_client(cases, out, at_once=4, driver="threads"):
    """Run the suite's server against our client; return the report, case by case."""
    port = _free_port()
    config = {"url": f"ws://127.0.0.1:{port}", "outdir": str(out), "cases": list(cases)}
    with _wstest("fuzzingserver", config, out) as server:
        count = _count_cases(out, server)
        client = Path(__file__).with_name("echo_client.py")
        command = [sys.executable, client, config["url"], AGENT, count, at_once, driver]
        subprocess.run(list(map(str, command)), check=True)
    return _report(out, count)


def run_asyncio_client(cases, out):
    """Run the suite's server against our client in an event loop; return the report."""
    return run_client(cases, out, driver="asyncio")


def run_server(cases, out):
    """Run the suite's client against ``wscli serve``; return the report, case by case."""
    port = _free_port()
    serve = [sys.executable, "-m", "wscli", "serve", "-q", "--max-size", "64MiB", str(port)]
    with subprocess.Popen(serve) as server:
        try:
            _wait_for(port, server)
            target = {"agent": AGENT, "url": f"ws://127.0.0.1:{port}"}
            config = {"outdir": str(out), "servers": [target], "cases": list(cases)}
            with _wstest("fuzzingclient", config, out) as client:
                client.wait()
        finally:
            server.terminate()
    return _report(out, _count_cases(out, client))


ROLES = {"client": run_client, "asyncio-client": run_asyncio_client, "server": run_server}


@contextmanager
def _wstest(mode, config, out):
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{mode}.json"
    path.write_text(json.dumps({**config, "exclude-cases": [], "exclude-agent-cases": {}}))
    command = [install(), "-m", mode, "-s", str(path), "-u", "0"]
    with (
        open(out / "log", "wb") as log,
        subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()


def _count_cases(out, process):
    """Return how many cases the suite says that it runs."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = re.search(r"will run (\d+) test cases", (out / "log").read_text())
        if found:
            return int(found[1])
        if process.poll() not in (None, 0):
            break
        time.sleep(0.1)
    raise RuntimeError(f"the suite did not start: {(out / 'log').read_text()[-500:]}")


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def _wait_for(port, process):
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("wscli serve ended at once")


def _report(out, count):
    cases = json.loads((out / "index.json").read_text())[AGENT]
    if len(cases) != count:
        raise RuntimeError(f"{len(cases)} of {count} cases were run")
    return cases


def unexpected(cases):
    """Return what is not as it should be: anything but OK where there is a right answer."""
    wrong = []
    for name, case in sorted(cases.items(), key=lambda item: _order(item[0])):
        verdicts = {case["behavior"], case["behaviorClose"]}
        allowed = {"OK", "INFORMATIONAL"} if name in NO_RIGHT_ANSWER else {"OK"}
        if not verdicts <= allowed:
            wrong.append(f"{name}: {case['behavior']}, close {case['behaviorClose']}")
    return wrong


def table(cases):
    """Return the report by category, as lines of a table in Markdown."""
    lines = ["| category | cases | behaviour | close |", "|---|---|---|---|"]
    categories = sorted({_order(name)[0] for name in cases})
    for category in categories:
        of_it = [case for name, case in cases.items() if _order(name)[0] == category]
        lines.append(
            f"| {category}.* | {len(of_it)} | {_tally(of_it, 'behavior')} "
            f"| {_tally(of_it, 'behaviorClose')} |"
        )
    every = list(cases.values())
    lines.append(
        f"| all | {len(every)} | {_tally(every, 'behavior')} | {_tally(every, 'behaviorClose')} |"
    )
    return lines


def _tally(cases, field):
    verdicts = [case[field] for case in cases]
    return ", ".join(
        f"{verdicts.count(name)} {name}" for name in sorted(set(verdicts), reverse=True)
    )


def _order(name):
    return tuple(int(part) for part in name.split("."))
