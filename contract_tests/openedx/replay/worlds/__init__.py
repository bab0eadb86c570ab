"""The world files that the recorded runs began from, made from each server's `setup.json`."""
