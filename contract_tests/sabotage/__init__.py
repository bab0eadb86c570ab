"""Deliberate breakages of the emulator, each of which contracts or tests must catch."""
