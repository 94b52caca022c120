"""The command line: data on stdout, progress and questions on stderr, exit codes that mean one thing each."""

from campaigns.cli.app import main

__all__ = ["main"]
