"""How sure a behaviour is."""

from __future__ import annotations

from typing import Literal

Evidence = Literal["recorded", "documented", "observed", "inferred", "chosen"]
"""`recorded` from the real software; `documented` by the vendor or a standard; `observed` in public client code or
captured output; `inferred` from several facts; `chosen` by us, as there is no public evidence."""


def recording(file: str, *numbers: int) -> str:
    """The source of what was recorded: a file below `fixtures/recordings` (`openedx/main`) and its exchanges."""
    return f"fixtures/recordings/{file}.jsonl {', '.join(map(str, numbers))}"
