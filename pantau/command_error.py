"""What the command says when it cannot go on."""

from __future__ import annotations


class CommandError(Exception):
    """The command stops here. The message is one line: what is wrong and what to do."""
