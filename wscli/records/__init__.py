"""Recordings: events as lines of JSON, read and written, and the formats of other programs.

Theory of operation
===================

An event is written by ``to_json`` and read by ``from_json`` (``events``), which are inverse: the
output of ``--json`` and a recording are the same lines. ``openings`` and ``items`` have the fields
of an opening and of the items of a batch, ``fields`` reads them with their types checked.

Writing
    ``batches`` writes the messages of a batch, many in one call. ``writing`` writes events that
    were read as a recording again. The sink that records a session is ``sinks.recording``.

Reading
    ``files`` opens a file, compressed or not, and ``RecordingReader`` (``reading``) recognises its
    format. Most lines are messages, which ``runs`` matches many at once; the others are read one by
    one. ``numbering`` gives each event the number of its connection. A line that was cut off is
    left out, since the writer may have been killed; any other damage is an error.

Without secrets
    ``redaction`` replaces secrets in events, and ``secrets`` knows where they are.

Other formats
    ``har`` reads HAR files, leniently, and ``har_writer`` writes them, strictly. ``capture`` writes
    a capture in pcapng: ``sent_bytes`` makes the bytes of both ends, ``packets`` the TCP around
    them. ``connections`` has the connections of a recording as their client saw them.

Everything yields events or pieces of a file, so that a recording of a million messages needs
little memory; ``har`` alone holds its file whole. Only ``files`` reads, and only ``har_writer``
writes: the messages of an entry wait in a temporary file until its end is known.
"""
