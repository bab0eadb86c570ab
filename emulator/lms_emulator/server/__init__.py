"""Sockets, TLS, and the gateway every request passes."""
