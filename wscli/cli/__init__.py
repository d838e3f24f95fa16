"""The command line: from the words of a shell to ``run(options, env)`` in ``apps`` or ``repl``.

Only this package imports click. The steps of a call, each in a module of its own::

    main      catch every error; insert the command that a URL alone stands for
    command   parse (click), show the help in sections
    types     turn each text into a value, or complain of it
    params    turn the values of shared options into ``ConnectOptions``, ``OutputOptions``, …
    commands  one module per command: its options, its help, and the call of its app

Start-up is part of the product: a `send` in a loop starts thousands of times. So a command's module
is imported when the command is called, it imports click and little else, and its ``_run`` imports
the app. The summaries are in ``command.COMMANDS``, so that `wscli --help` imports no command.

Everything is made from the options of click: the help, the candidates of completion, the check that
``translate`` makes of a corrected call, and the names that hints may mention. None of them has a
list of its own.

Two modules run after an error only: ``translate`` finds the call that a wrong command line was
meant to be, and ``habits`` has the options of wscat, websocat and curl for it.
"""
