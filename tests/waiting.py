"""Waiting for what nothing announces."""

import time


def wait_until(condition, seconds=20):
    """Return what a condition amounts to, as soon as that is true."""
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)
    return result
