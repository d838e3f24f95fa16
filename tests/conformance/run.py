"""Run the Autobahn suite against the client or the server, print the table, fail on anything odd.

usage: python -m tests.conformance.run ROLE [quick|core|compression|full] [OUTDIR]
ROLE is client, asyncio-client or server.
"""

import platform
import sys
import tempfile
from pathlib import Path

from tests.conformance import suite
from wscli import __version__


def main(role, cases="full", out=None):
    """Run it; return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        report = suite.ROLES[role](suite.CASES[cases], Path(out or folder))
    package = suite.PACKAGE.replace("==", " ")
    print(f"wscli {__version__} as {role}, Python {platform.python_version()}, {package}")
    print("\n".join(["", *suite.table(report), ""]))
    wrong = suite.unexpected(report)
    print("\n".join(["not as it should be:", *wrong]) if wrong else "all as it should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in suite.ROLES:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
