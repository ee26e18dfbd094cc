"""The audit's own statements: from landed lines to verdicts, panes and windows."""
