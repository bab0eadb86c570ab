"""Brightspace's dialect of LTI 1.3: its claims, its tokens, its refusals."""
