"""What an operator must put right before the work can go on."""

from __future__ import annotations


class OperatorError(Exception):
    """The process stops here. The message is one line: what is wrong and what to do."""
