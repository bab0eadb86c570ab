"""The Python handle on an emulator: in this process, in a thread, or running elsewhere."""
