"""The Markdown pages of the project: their text, and the blocks of code in them."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
FOLDERS = (ROOT, ROOT / "examples", ROOT / "docs")
PAGES = [page for folder in FOLDERS for page in sorted(folder.glob("*.md"))]
_BLOCK = r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$'


class Block(NamedTuple):
    """A fenced block of code; ``number`` counts those of its language on its page, from 1."""

    page: Path
    number: int
    language: str
    title: str
    code: str

    @property
    def id(self) -> str:
        """A name for the test of this block, such as ``docs/json.md-console-2``."""
        return f"{self.page.relative_to(ROOT)}-{self.language}-{self.number}"


def read_page(name):
    """Return the text of a page by its path in the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(*languages):
    """Return all blocks in one of these languages, in the order of the pages."""
    return [block for page in PAGES for block in blocks_of(page) if block.language in languages]


def blocks_of(page):
    """Return the blocks of a page."""
    found = re.findall(_BLOCK, page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    counts = {}
    listed = []
    for language, title, code in found:
        counts[language] = counts.get(language, 0) + 1
        listed.append(Block(page, counts[language], language, title, code))
    return listed
