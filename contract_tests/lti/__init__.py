"""LTI at every platform: what they have in common, proven at each."""
