"""Waiting for conditions that nothing announces."""

import time


def wait_until(condition, seconds=20):
    """Return the value of a condition as soon as it is true."""
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)
    return result
