"""Real software that the emulator is compared with, assembled from its published packages."""
