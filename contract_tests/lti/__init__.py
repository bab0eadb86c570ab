"""LTI at every platform: common behaviour, tested at each."""
