"""Mutation testing of what refuses: `signing/`, every provider's `credentials.py`, and what of `core/` they lean on."""
