"""Adapters: integrations under contract. `wire` hides nothing; `published` are other people's clients, unchanged."""
