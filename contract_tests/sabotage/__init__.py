"""Deliberate breakages of the emulator, each of which the contracts must catch."""
