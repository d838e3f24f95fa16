"""Each error has one exit status."""

import pytest

from wscli import errors
from wscli.status import ExitStatus, OutputStalled, status_of

STATUSES = {
    errors.WscliError: 1,
    errors.UsageError: 2,
    errors.ConnectError: 3,
    errors.TLSError: 4,
    errors.UpgradeError: 5,
    errors.TimedOut: 6,
    errors.ProtocolError: 7,
    errors.Unsent: 8,
    errors.CallFailed: 10,
    errors.ReplayDiffers: 10,
    errors.OutputError: 141,
}


@pytest.mark.parametrize(("kind", "status"), STATUSES.items())
def test_each_class_has_its_status(kind, status):
    assert status_of(kind("it failed")) == status


def test_a_close_and_a_loss_have_different_statuses():
    assert status_of(errors.ConnectionClosed("closed", 1011)) == 9
    assert status_of(errors.ConnectionLost("lost", 1006)) == 8


def test_a_subclass_has_the_status_of_its_base():
    class Refused(errors.ConnectError):
        pass

    assert status_of(Refused("it failed")) == 3


@pytest.mark.parametrize("status", [ExitStatus.OK, ExitStatus.TIMEOUT, ExitStatus.TERMINATED])
def test_an_output_that_stalled_has_the_status_of_its_signal_or_limit(status):
    assert status_of(OutputStalled("the output", 1, status)) == status


@pytest.mark.parametrize(("number", "status"), [(1, 129), (2, 130), (15, 143)])
def test_a_signal_has_the_status_that_shells_report(number, status):
    assert ExitStatus.of_signal(number) == status
