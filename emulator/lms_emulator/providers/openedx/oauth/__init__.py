"""OAuth2 without HTTP: what applications may request, tokens and codes, JWTs, and client authentication."""
