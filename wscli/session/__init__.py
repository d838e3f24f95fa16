"""One open connection: its drivers, its events, and the stages and sinks that they pass through.

The protocol is ``wire.connection.Connection``. Two drivers run it: ``ThreadDriver`` for the
commands and for the ``Session`` of the Python API, ``AsyncioDriver`` in an event loop. The thread
driver hands ``events`` to a ``Bus``, usually a ``Pipeline`` of stages in front of sinks. Sinks and
stages are called in the thread that drives, one batch at a time.
"""
