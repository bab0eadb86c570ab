"""Reports of accounts, as tables."""
