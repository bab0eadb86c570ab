"""Contracts: what must hold for a provider as its clients see it, for any server and any client.

Everything here imports relatively, so that the folder also works inside the wheel, as `pytest_lms_emulator.contracts`.
"""
