"""Sockets, TLS, and the gateway that every request goes through."""
