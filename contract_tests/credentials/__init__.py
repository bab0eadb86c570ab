"""Every kind of credential, tried in other worlds, in other places, and many times concurrently. Importing the makers
registers them."""

from contract_tests.credentials import accounts, launches

__all__ = ["accounts", "launches"]
