"""One folder per emulated provider; none imports another."""
