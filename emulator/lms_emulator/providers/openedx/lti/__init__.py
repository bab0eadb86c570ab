"""Open edX's LTI consumer component: claims, tokens, refusals."""
