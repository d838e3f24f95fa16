"""Each input of the corpus, crashes of old among them, is a test."""

from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

INPUTS = sorted((Path(__file__).parent / "corpus").glob("*/*"))


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_an_input_raises_nothing_unexpected(path):
    TARGETS[path.parent.name](path.read_bytes())


def test_each_target_has_a_corpus():
    assert {path.parent.name for path in INPUTS} == set(TARGETS)
