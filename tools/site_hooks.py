"""Hooks of MkDocs: pages of the site from outside ``docs/``, and links that suit both.

The pages link to one another by their paths in the repository, so that a forge can follow the
links. On the site all pages are in one folder, and other files of the repository are absent.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
ADDED = {
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "security.md": "SECURITY.md",
    "examples.md": "examples/README.md",
}
"""Pages of the site, and the files of the repository that they are made from."""

_LINK = r"(?<!!)\[([^\]]+)\]\(([^)#:]+)(#[^)]*)?\)"


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages from outside ``docs/``."""
    for page, path in ADDED.items():
        content = (ROOT / path).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Turn paths in the repository into links within the site."""
    path = ADDED.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    folder = PurePosixPath(path).parent
    return re.sub(_LINK, lambda link: _site_link(folder, *link.groups("")), markdown)


def _site_link(folder: PurePosixPath, text: str, target: str, anchor: str) -> str:
    """Return a link as Markdown; the text alone if the site does not have its target."""
    path = posixpath.normpath(folder / target)
    page = next((page for page, source in ADDED.items() if source == path), "")
    if path.startswith("docs/"):
        page = path.removeprefix("docs/")
    return f"[{text}]({page}{anchor})" if page else text
