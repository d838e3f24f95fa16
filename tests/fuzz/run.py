"""Fuzz one target, guided by coverage, with atheris (which is not among the dependencies).

usage: python -m tests.fuzz.run TARGET [libFuzzer's options, such as -max_total_time=600]

New inputs go to a folder of their own; those worth keeping are copied to tests/fuzz/corpus by hand,
and each input that crashed as well, where it stays as a test.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["wscli"]):
    from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"

if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
    sys.exit(f"{__doc__}\ntargets: {', '.join(TARGETS)}")
name, *options = sys.argv[1:]
limits = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=4096"]
atheris.Setup(
    [sys.argv[0], *limits, *options, tempfile.mkdtemp(prefix=f"{name}."), str(CORPUS / name)],
    TARGETS[name],
)
atheris.Fuzz()
