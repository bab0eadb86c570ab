"""Shared credential state: single-use values, issued tokens, browser sessions."""
