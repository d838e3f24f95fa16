"""The work of each command, without a command line: ``run(options, env) -> ExitStatus``."""
