"""The records of an Open edX site. No HTTP."""
