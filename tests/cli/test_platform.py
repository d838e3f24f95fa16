"""A system that is not supported gets one sentence."""

import subprocess
import sys

import pytest

NEEDS = "is not supported: wscli needs poll(), termios and the signals of POSIX"
WITHOUT = {
    "import os, sys; os.name, sys.platform = 'nt', 'win32'": (
        f"wscli: Windows {NEEDS}",
        "try: WSL, where wscli runs as it does on Linux",
    ),
    "import select; del select.poll": (
        f"wscli: Python on {sys.platform} without poll() {NEEDS}",
        "try: another build of Python",
    ),
}


@pytest.mark.parametrize(("simulation", "said"), WITHOUT.items(), ids=["Windows", "no poll()"])
@pytest.mark.parametrize("args", [["--help"], ["send", "demo:", "hello"], []], ids=" ".join)
def test_a_system_that_is_not_supported_is_named(simulation, said, args):
    code = (
        f"{simulation}\nimport runpy, sys\nsys.argv = ['wscli', *{args!r}]\n"
        "runpy.run_module('wscli', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert tuple(done.stderr.decode().splitlines()) == said
