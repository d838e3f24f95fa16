"""The site, which MkDocs makes of the pages."""

import os
import re
import subprocess
import sys

import pytest

import wscli
import wscli.aio
from tests.pages import ROOT

OF_THE_API = {f"wscli.{name}" for name in wscli.__all__} - {"wscli.__version__", "wscli.Message"}
OF_ASYNCIO = {f"wscli.aio.{name}" for name in wscli.aio.__all__}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return the folder of the site, built so that a broken link is an error."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_site_has_no_broken_link_and_every_page_is_in_the_navigation(site):
    assert (site / "index.html").is_file()
    assert (site / "contributing" / "index.html").is_file()


def test_the_python_reference_describes_every_public_name(site):
    page = (site / "python-reference" / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'id="(wscli[\w.]*)"', page)) >= OF_THE_API | OF_ASYNCIO


def test_the_site_loads_nothing_from_elsewhere(site):
    for page in site.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        assert re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="(https?:[^"]+)', html) == []
