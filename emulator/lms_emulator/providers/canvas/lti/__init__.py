"""Canvas's dialect of LTI: claims, tokens, refusals."""
