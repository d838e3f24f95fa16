"""Counts how the source reads: ``python -m tests.prose [FOLDER]`` (``wscli`` by default).

Prints, for each package and in all: lines, comments per 1,000 lines, the share of public
definitions with a docstring, and per 1,000 words of docstring the uses of "what" and of "so many"
and "so long", which make a reader stop (a definite noun reads faster).
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
WHAT = re.compile(r"\bwhat\b", re.IGNORECASE)
SO_MANY = re.compile(r"\bso (many|long)\b", re.IGNORECASE)
DIRECTIVES = ("# type:", "# noqa", "#!")


class Prose(NamedTuple):
    """Counts of one or more modules."""

    lines: int = 0
    comments: int = 0
    public: int = 0
    documented: int = 0
    words: int = 0
    whats: int = 0
    so_many: int = 0

    def plus(self, other: "Prose") -> "Prose":
        """Return the sums."""
        return Prose(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def comments_per_1000(self) -> float:
        """Comment lines per 1,000 lines."""
        return 1000 * self.comments / max(1, self.lines)

    @property
    def documented_share(self) -> float:
        """Share of public definitions that have a docstring."""
        return self.documented / max(1, self.public)

    @property
    def whats_per_1000(self) -> float:
        """Uses of "what" per 1,000 words of docstring."""
        return 1000 * self.whats / max(1, self.words)

    @property
    def so_many_per_1000(self) -> float:
        """Uses of "so many" and "so long" per 1,000 words of docstring."""
        return 1000 * self.so_many / max(1, self.words)


def count(source: str) -> Prose:
    """Count one module."""
    definitions = list(_definitions(ast.parse(source)))
    docstrings = [docstring for _, docstring in definitions if docstring]
    public = [docstring for name, docstring in definitions if not name.startswith("_")]
    return Prose(
        lines=source.count("\n"),
        comments=_comment_lines(source),
        public=len(public),
        documented=sum(map(bool, public)),
        words=sum(len(docstring.split()) for docstring in docstrings),
        whats=sum(len(WHAT.findall(docstring)) for docstring in docstrings),
        so_many=sum(len(SO_MANY.findall(docstring)) for docstring in docstrings),
    )


def count_folder(folder: Path) -> dict[str, Prose]:
    """Count each package of a folder, modules at its top as ``.``."""
    packages: dict[str, Prose] = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).parts
        package = parts[0] if len(parts) > 1 else "."
        packages[package] = packages.get(package, Prose()).plus(count(path.read_text()))
    return packages


def total(packages: dict[str, Prose]) -> Prose:
    """Return the sums over all packages."""
    whole = Prose()
    for prose in packages.values():
        whole = whole.plus(prose)
    return whole


def _definitions(module: ast.Module) -> Iterator[tuple[str, str | None]]:
    """Yield the name and the docstring of the module and of each class and function in it."""
    yield "module", ast.get_docstring(module)
    for node in ast.walk(module):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, ast.get_docstring(node)


def _comment_lines(source: str) -> int:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = (token.string for token in tokens if token.type == tokenize.COMMENT)
    return sum(not comment.startswith(DIRECTIVES) for comment in comments)


def main() -> None:
    """Print the table."""
    packages = count_folder(ROOT / (sys.argv[1] if len(sys.argv) > 1 else "wscli"))
    print("package     lines  comments/1000  documented  what/1000  so many/1000")
    for name, prose in [*packages.items(), ("all", total(packages))]:
        print(
            f"{name:10} {prose.lines:6}  {prose.comments_per_1000:13.1f}"
            f"  {prose.documented_share:10.0%}  {prose.whats_per_1000:9.1f}"
            f"  {prose.so_many_per_1000:12.1f}"
        )


if __name__ == "__main__":
    main()
