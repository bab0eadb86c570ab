"""The control API under `/_emulator`, on every socket."""
