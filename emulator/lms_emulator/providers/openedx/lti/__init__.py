"""The dialect of Open edX's LTI consumer component: its claims, its tokens, its refusals."""
