"""Account reports."""
