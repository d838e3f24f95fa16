"""The package: a wheel and an sdist are built, and the wheel is installed in a clean environment.

Nothing is downloaded. Hatchling is called without an isolated environment, and the wheel is
installed alone; its dependencies are those of the environment that runs the tests.
"""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path

import pytest

from tests.pages import ROOT, read_page
from wscli import __version__

INSTALLED = [
    "share/man/man1/wscli.1",
    "share/bash-completion/completions/wscli",
    "share/zsh/site-functions/_wscli",
    "share/fish/vendor_completions.d/wscli.fish",
]
NOT_NEEDED = {".ci/run"}


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """Return a folder with the sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, "sdist", folder)
    [sdist] = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    build(folder / f"wscli_tool-{__version__}", "wheel", folder)
    return folder


@pytest.fixture(scope="module")
def environment(dist, tmp_path_factory):
    """Return a virtual environment with the wheel, which finds its dependencies in this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    [wheel] = dist.glob("*.whl")
    python = folder / "bin" / "python"
    run(
        sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel
    )
    packages = folder / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def build(project, target, folder):
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder, cwd=project)


def run(*command, cwd=None):
    """Run a command; return its stdout."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_main_job_of_readme_runs_from_the_wheel(environment):
    [main_job] = re.findall(
        r"<!-- main job -->\n```sh\n(.*?)```", read_page("README.md"), re.DOTALL
    )
    call = main_job.rpartition("&&")[2].strip()
    assert call.startswith(".venv/bin/wscli ")
    shell = ["bash", "-c", call.removeprefix(".venv/")]
    assert run(*shell, cwd=environment) == "Hello from client!\n"


def test_the_wheel_is_what_runs(environment):
    script = "import wscli; print(wscli.__file__)"
    assert Path(run(environment / "bin" / "python", "-I", "-c", script)).is_relative_to(environment)


@pytest.mark.parametrize("path", INSTALLED)
def test_the_wheel_installs_the_man_page_and_the_completions(environment, path):
    assert (environment / path).stat().st_size > 500


def test_the_sdist_has_every_file_of_the_repository(dist):
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a checkout")
    listed = {Path(os.fsdecode(name)) for name in run("git", "ls-files", cwd=ROOT).splitlines()}
    unpacked = dist / f"wscli_tool-{__version__}"
    assert {str(path) for path in listed if not (unpacked / path).exists()} <= NOT_NEEDED
