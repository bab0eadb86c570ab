"""What is particular to Open edX's LTI consumer component: its claims, its tokens, how it says no."""
