"""`python serve.py [--port 0]`: serve the oracle on loopback; prints its address once it accepts requests."""

import argparse
import os
import sys
from pathlib import Path
from socketserver import TCPServer
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer


class Handler(WSGIRequestHandler):
    """Quiet, and keeps connections open no longer than one request."""

    wbufsize = 65536  # an answer leaves in one piece

    def log_message(self, format, *args):
        """Say nothing."""


class Server(WSGIServer):
    """Binds without asking a name server who we are."""

    def server_bind(self):
        """Bind the socket."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]
        self.setup_environ()


def main():
    """Migrate, seed, serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    os.environ["DJANGO_SETTINGS_MODULE"] = "lms_settings"
    import django
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    django.setup()
    call_command("migrate", verbosity=0, run_syncdb=True)
    from oracle_app import control

    control.seed()
    server = Server(("127.0.0.1", options.port), Handler)
    server.set_app(get_wsgi_application())
    print(f"oracle ready http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
