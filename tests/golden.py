"""Golden files: the output of a view as it was when somebody last read it.

``WSCLI_GOLDEN=write pytest`` writes them again; the change is read in the diff.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def check(name, text):
    """Compare a text with its golden file, or write it."""
    path = FOLDER / name
    if os.environ.get("WSCLI_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8", newline="")
    assert path.is_file(), f"{name} is not there yet: WSCLI_GOLDEN=write pytest"
    assert text == path.read_bytes().decode()
