"""What an Open edX site holds and the rules over it; no HTTP."""
