"""What is particular to Brightspace in LTI 1.3: its claims, its tokens, how it says no."""
