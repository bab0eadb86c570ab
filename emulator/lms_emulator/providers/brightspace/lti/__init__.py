"""Brightspace's dialect of LTI 1.3: claims, tokens, refusals."""
