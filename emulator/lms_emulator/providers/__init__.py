"""One folder per emulated provider; none imports another."""

PROVIDERS: tuple[str, ...] = ("openlearning", "openedx", "learningstudio", "ltiaas", "canvas", "brightspace")
"""Names of the providers, in the order of their ports; each is the package `lms_emulator.providers.<name>`."""
