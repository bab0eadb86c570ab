"""OAuth2 without HTTP: what applications may ask for, tokens and codes, JWTs; and how an application proves itself."""
