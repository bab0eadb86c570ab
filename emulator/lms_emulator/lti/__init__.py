"""The platform side of LTI 1.1 and 1.3; each provider hands in its dialect."""
