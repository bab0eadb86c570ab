"""Contracts: what must hold of a provider as its clients see it, whoever answers and whichever client asks.

Everything here imports relatively, so that the folder also works inside the wheel, as `pytest_lms_emulator.contracts`.
"""
