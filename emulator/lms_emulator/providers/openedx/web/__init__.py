"""What a browser session needs: cookies, the session, CSRF protection, signing in, and the middleware around it all."""
