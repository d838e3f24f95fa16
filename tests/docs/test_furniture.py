"""The files for forges and editors, which nothing else would check."""

import subprocess
import sys
import tomllib

import pytest
import yaml

from tests.pages import ROOT, read_page

WORKFLOWS = [*sorted((ROOT / ".github" / "workflows").glob("*.yml")), ROOT / "examples/ci-job.yml"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=[path.name for path in WORKFLOWS])
def test_a_workflow_follows_the_schema_of_github(workflow):
    command = ["check_jsonschema", "--builtin-schema", "vendor.github-workflows", workflow]
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_checks_run_on_each_python_that_the_package_names():
    project = tomllib.loads(read_page("pyproject.toml"))["project"]
    prefix = "Programming Language :: Python :: 3."
    named = [each.rpartition(" ")[2] for each in project["classifiers"] if each.startswith(prefix)]
    jobs = yaml.safe_load(read_page(".github/workflows/checks.yml"))["jobs"]
    assert jobs["checks"]["strategy"]["matrix"]["python"] == named
    assert project["requires-python"] == f">={named[0]}"


def test_the_hooks_of_pre_commit_run_programs_of_the_environment():
    [repository] = yaml.safe_load(read_page(".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert (hook["language"], hook["entry"].split("/")[0]) == ("system", ".venv")


def test_readme_is_short():
    assert len(read_page("README.md").splitlines()) <= 150
