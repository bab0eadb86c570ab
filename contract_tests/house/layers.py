"""Which entry of the package may import which: one table for the test and for the map in `docs/architecture.md`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """One top-level entry of the package: what it is, and which others it may import."""

    what: str
    may_import: tuple[str, ...]


LAYERS = {
    "core": Layer(
        "one request (`http/`), state (`state/`), worlds (`worlds/`), sessions, tokens and mistakes with them "
        "(`access/`); settings, evidence, the clock, ids, shipped keys; the base of a provider",
        (),
    ),
    "signing": Layer("pure functions: signatures, JWTs, LTI messages, diagnosis. No HTTP, no state, no clock", ()),
    "lti": Layer("the platform side of LTI; a provider supplies its dialect", ("core", "signing")),
    "providers": Layer("one folder per provider, the same rooms in each", ("core", "signing", "lti")),
    "server": Layer("the gateway, which finds a request's world and provider; sockets; TLS", ("core",)),
    "control": Layer("everything under `/_emulator`", ("core", "server", "_version")),
    "app": Layer(
        "the composition root, which puts all of the above together",
        ("core", "providers", "control", "server"),
    ),
    "client": Layer("the Python handle, and interception of real host names", ("core", "server", "app", "providers")),
    "demo_tool": Layer("a small LTI tool to launch, as an example of one", ("core",)),
    "command": Layer(
        "the command line, one module per command",
        ("core", "control", "server", "app", "client", "providers", "demo_tool", "lti", "_version"),
    ),
}
"""From the bottom up: nothing imports what stands below it in this table."""

PLUMBING = {"": ("app", "client", "core", "_version"), "__main__": ("command",), "_version": ()}
"""What only starts or names the others."""

FREE_OF_HTTP = ("signing",)


def table() -> str:
    """The layers as a Markdown table."""
    rows = []
    for name, layer in LAYERS.items():
        ours = [f"`{item}`" for item in layer.may_import if not item.startswith("_")]
        rows.append(f"| `{name}` | {layer.what} | {', '.join(ours) or 'nothing of ours'} |")
    return "\n".join(["| where | what it is | may import |", "|---|---|---|", *rows])
