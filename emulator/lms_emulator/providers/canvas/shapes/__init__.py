"""Canvas's objects as its JSON: one module a family."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
