"""Canvas's dialect of LTI: its claims, its tokens, its refusals."""
