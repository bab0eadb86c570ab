"""Mutation testing of what refuses: `signing/` and every provider's `credentials.py`."""
