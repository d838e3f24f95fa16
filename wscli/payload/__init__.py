"""Payloads: codecs that show and parse them, patterns that match them, and the ids of replies.

Theory of operation
===================

``wscli.wire`` delivers payloads as bytes. Everything that looks inside them is in this package, so
that a view, a filter, a query and a typed message all read a payload in the same way.

Codecs
    A codec (``codecs``) turns a payload into a form to show and into a value to query, and typed
    text into a payload. For showing, the codec with the highest priority for a message is used;
    for a value, all that can read the message are asked in turn. A view shows a binary message as
    bytes, and a query still finds the JSON in it.

Decode once
    A ``Message`` (``message``) keeps its text and the values that were computed from it. A batch
    makes its messages once (``received``) and gives the same objects to everybody: patterns that
    answer or end a wait, the search for replies, filters and views. They are stages and sinks of
    one pipeline and run in one thread, so nothing is locked.

Time limits
    Patterns come from the user and messages from the peer, and a regular expression can take
    years on the wrong message. ``matching`` gives every search a time limit, except where a bound
    on the number of steps shows that it needs none.

Replies
    ``replies`` knows the ids of some protocols on top of WebSocket, so that the reply to a message
    is found among others. It judges values, and knows nothing of connections or time.

Comparison
    A replay compares messages with recorded ones. ``comparison`` says whether two are equal, and
    finds the differences of their JSON. ``alignment`` pairs the messages of two sequences. ``ids``
    carries ids that the server has assigned now into messages that have the recorded ones.

Nothing here knows of a terminal or a socket. The JSON parser and the pattern packages are imported
when the first payload or pattern needs them: they take up to 140 ms, and most runs need none.
"""
