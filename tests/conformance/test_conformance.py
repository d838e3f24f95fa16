"""The quick part of the Autobahn suite, against both roles."""

import pytest

from tests.conformance import suite


@pytest.fixture(scope="module", autouse=True)
def _installed():
    try:
        suite.install()
    except suite.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.mark.timeout(170)
@pytest.mark.parametrize("run", suite.ROLES.values(), ids=suite.ROLES)
def test_each_case_has_the_right_answer(run, tmp_path):
    report = run(suite.QUICK, tmp_path)
    assert suite.unexpected(report) == []
    assert len(report) >= 250
