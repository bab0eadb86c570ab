"""Adapters: integrations under contract. `wire` is plain HTTP; `published` are third-party clients, unchanged."""
