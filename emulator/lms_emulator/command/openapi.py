"""`lms-emulator openapi` prints an OpenAPI document."""

from __future__ import annotations

import argparse
import json

from lms_emulator.command.options import Commands, add_provider, chosen_providers

_GATEWAY = "http://127.0.0.1:8080"


def add(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser("openapi", help="OpenAPI 3.1 of the control API, or of a provider as emulated")
    add_provider(parser, "a provider instead of the control API")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the document as JSON."""
    from lms_emulator.control import openapi
    from lms_emulator.control.operations import ROUTES

    if args.provider is None:
        of_providers = {provider.name: provider.controls for provider in chosen_providers(None)}
        document = openapi.document(_GATEWAY, ROUTES, of_providers)
    else:
        (provider,) = chosen_providers(args.provider)
        document = openapi.provider_document(provider.title, f"{_GATEWAY}/{provider.name}", provider.routes)
    print(json.dumps(document, indent=2))
    return 0
