"""One request on its way through a provider, with the world it happens in."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload
from urllib.parse import urlsplit

from starlette.datastructures import Headers, UploadFile
from starlette.requests import cookie_parser

from lms_emulator.core.http import json_text
from lms_emulator.core.http.addresses import Address, Addresses
from lms_emulator.core.http.forms import decode_pairs, read_multipart
from lms_emulator.core.http.reads import FormPairs, Members, Pairs, Reads
from lms_emulator.core.http.routing import Route
from lms_emulator.core.worlds.journal import Check, Warning

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lms_emulator.core.clock import Clock
    from lms_emulator.core.ids import Ids
    from lms_emulator.core.worlds.outbox import Outbox
    from lms_emulator.core.worlds.world import World

StoreT_co = TypeVar("StoreT_co", covariant=True)
SettingsT_co = TypeVar("SettingsT_co", covariant=True)
KeptT = TypeVar("KeptT")
T = TypeVar("T")


class RequestHeaders(Headers):
    """Headers of a request with constant-time lookup, as a request needs about a dozen.

    Parameters: `raw`, names in lower case and values, as a server hands them over.
    """

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        self._list = raw
        self._first = dict(reversed(raw))

    def __getitem__(self, key: str) -> str:
        return self._first[_wire_name(key)].decode("latin-1")

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and _wire_name(key) in self._first

    @overload
    def get(self, key: str) -> str | None: ...

    @overload
    def get(self, key: str, default: str | T) -> str | T: ...

    def get(self, key: str, default: Any = None) -> Any:
        """The first value of that name, in any case of letters."""
        found = self._first.get(_wire_name(key))
        return default if found is None else found.decode("latin-1")


@lru_cache(maxsize=1_024)
def _wire_name(name: str) -> bytes:
    return name.lower().encode("latin-1", "replace")


class BodyError(ValueError):
    """The body cannot be parsed as a form or JSON. The text says why."""


_NO_QUERY: Pairs[str] = Pairs([])
_UNREAD: Any = object()


class Exchange(Generic[StoreT_co, SettingsT_co]):
    """One request, the provider's state and settings, and notes for the journal: what a handler works with.

    A provider's `Call` is this class with the provider's own store and settings; a parameter that takes one is called
    `call`.

    Attributes:
        method, path: upper-case method; path decoded, without prefix and query.
        raw_path: the path as sent, without prefix and query.
        query_string, body: bytes as on the wire.
        headers: case-insensitive; `headers.getlist(name)` for repeated ones.
        path_params: the parameters of the route's template.
        scheme, host, port: how the client reached us; host as in the Host header without port.
        authority: host and port as the client wrote them.
        client_ip: the address that the client called from.
        base_url: the provider's address as this client sees it, without trailing slash.
        world, store, settings, clock, ids, outbox: the state.
        reads: which parameters were used; see `core.http.reads`.
        warnings, checks, notes: what the journal gets in addition to the exchange itself.

    `per_request` holds what a provider needs to remember until the response is sent.
    """

    __slots__ = (
        "_base_url",
        "_cookies",
        "_fields",
        "_form",
        "_json",
        "_kept",
        "_query",
        "_reads",
        "address",
        "addresses",
        "authority",
        "body",
        "checks",
        "client_ip",
        "clock",
        "entry_id",
        "epoch",
        "headers",
        "host",
        "ids",
        "method",
        "notes",
        "outbox",
        "path",
        "path_params",
        "port",
        "prefix",
        "provider",
        "query_string",
        "raw_path",
        "route",
        "scheme",
        "send_request",
        "settings",
        "store",
        "warnings",
        "world",
    )

    route: Route | None

    def __init__(
        self,
        scope: Any,
        body: bytes,
        *,
        address: Address,
        addresses: Addresses,
        world: World,
        store: StoreT_co,
        settings: SettingsT_co,
        headers: RequestHeaders,
        authority: str,
        host: str,
        port: int | None,
        send_request: Callable[..., Awaitable[Any]] | None = None,
    ) -> None:
        self.method: str = scope["method"]
        self.prefix = address.prefix
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        self.raw_path: bytes = raw.split(b"?", 1)[0][len(address.prefix) :] or b"/"
        self.path: str = scope["path"][len(address.prefix) :] or "/"
        self.query_string: bytes = scope["query_string"]
        self.headers = headers
        self.body = body
        self.scheme: str = scope["scheme"]
        self.authority = authority
        self.host = host
        self.port = port
        self.client_ip: str = (scope.get("client") or ("127.0.0.1",))[0]
        self.address = address
        self.addresses = addresses
        self.provider: str = address.provider or ""
        self.world = world
        self.epoch = world.epoch
        self.outbox: Outbox = world.outbox
        self.store = store
        self.settings = settings
        self.clock: Clock = world.clock
        self.ids: Ids = world.ids
        self.path_params: dict[str, Any] = {}
        self.route = None
        self.entry_id = ""
        self.checks: list[Check] = []
        self.warnings: list[Warning] = []
        self.notes: dict[str, Any] = {}
        self.send_request = send_request
        self._query: Pairs[str] | None = None
        self._form: FormPairs | None = None
        self._fields: dict[bool, Members] = {}
        self._json: Any = _UNREAD
        self._reads: Reads | None = None
        self._kept: dict[type[Any], Any] = {}
        self._cookies: dict[str, str] | None = None
        self._base_url: str | None = None

    @property
    def outdated(self) -> bool:
        """Whether the world was reset, replaced, restored or deleted since the request began."""
        return self.epoch != self.world.epoch

    def per_request(self, kind: type[KeptT]) -> KeptT:
        """This request's instance of `kind`, created when it is first used. The journal does not show it.

        Parameters: `kind`, a class of the provider's that can be created without arguments.
        """
        found: KeptT | None = self._kept.get(kind)
        if found is None:
            found = self._kept[kind] = kind()
        return found

    def per_request_if_used(self, kind: type[KeptT]) -> KeptT | None:
        """The instance of `kind` that was used in this request, if one was."""
        return self._kept.get(kind)

    # the request

    @property
    def query(self) -> Pairs[str]:
        """Query parameters, decoded as a form (`+` is a space); bytes that are not UTF-8 become U+FFFD.

        It remembers the names it was asked for, as do `form`, `fields` and `json`: see `reads`.
        """
        if self._query is None:
            self._query = Pairs(decode_pairs(self.query_string)) if self.query_string else _NO_QUERY
        return self._query

    @property
    def reads(self) -> Reads:
        """Which parameters were used. Report what the accessors cannot see with `exchange.reads.add("user[name]")`."""
        if self._reads is None:
            self._reads = Reads()
        return self._reads

    @property
    def body_was_read(self) -> bool:
        """Whether the body was parsed, as a form or as JSON."""
        return self._json is not _UNREAD or (self._form is not None and self.is_form)

    @property
    def cookies(self) -> dict[str, str]:
        """Cookies by name."""
        if self._cookies is None:
            self._cookies = {}
            for header in self.headers.getlist("cookie") if "cookie" in self.headers else ():
                self._cookies.update(cookie_parser(header))
        return self._cookies

    @property
    def content_type(self) -> str:
        """Media type of the body, lower case, without parameters; empty if none was given."""
        return self.headers.get("content-type", "").split(";", 1)[0].strip().lower()

    @property
    def is_form(self) -> bool:
        """Whether the body says it is an HTML form."""
        return self.content_type in ("application/x-www-form-urlencoded", "multipart/form-data")

    def form(self) -> FormPairs:
        """Body fields of a URL-encoded or multipart form; empty for other content types.

        Raises BodyError when a multipart body cannot be read.
        """
        if self._form is None:
            kind = self.content_type
            if kind == "multipart/form-data":
                try:
                    self._form = FormPairs(read_multipart(self.headers, self.body))
                except ValueError as error:
                    raise BodyError(str(error)) from None
            elif kind == "application/x-www-form-urlencoded":
                self._form = FormPairs(decode_pairs(self.body))
            else:
                self._form = FormPairs([])
        return self._form

    def fields(self, *, files: bool = False) -> Members:
        """The text fields of the form by name (the last, if repeated), as a dict that remembers. Raises BodyError.

        Parameters: `files`, whether files are among them.
        """
        found = self._fields.get(files)
        if found is None:
            form = self.form()
            found = Members({name: value for name, value in form.peek() if files or isinstance(value, str)})
            found.names = form.names
            self._fields[files] = found
            self.reads.members.append(found)
        return found

    def close(self) -> None:
        """Close the files of a multipart form, once the answer is made."""
        for _, value in self._form.peek() if self._form is not None else ():
            if isinstance(value, UploadFile):
                value.file.close()

    def field(self, name: str, default: str = "") -> str:
        """One text field of the form (the last, if repeated)."""
        value = self.form().get(name, default)
        return value if isinstance(value, str) else default

    def basic(self) -> tuple[str, str] | None:
        """Name and password of HTTP Basic credentials; None if they are missing or unreadable."""
        from base64 import b64decode

        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, colon, password = b64decode(value.strip(), validate=True).decode("utf-8", "replace").partition(":")
        except ValueError:
            return None
        return (name, password) if colon else None

    def json(self) -> Any:
        """The body as JSON; an object remembers the members it was asked for.

        Raises BodyError with the parser's own words, and on invalid UTF-8.
        """
        if self._json is _UNREAD:
            value = self.plain_json()
            if isinstance(value, dict):
                value = Members(value)
                self.reads.members.append(value)
            self._json = value
        return self._json

    def plain_json(self) -> Any:
        """The body as JSON, without tracking which members are used. Raises BodyError as `json` does."""
        try:
            return json_text.parse(self.body)
        except ValueError as error:
            raise BodyError(str(error)) from None

    # addresses

    @property
    def keeps_secure_cookies(self) -> bool:
        """Whether the client keeps a Secure cookie from here, which it must be for use in frames of other sites.

        Over TLS every client does. On loopback so does Chromium without TLS, known by its client hints.
        """
        return self.scheme == "https" or "sec-ch-ua" in self.headers

    @property
    def base_url(self) -> str:
        """This provider's address as the client sees it; `--public-url` wins when it is set."""
        if self._base_url is None:
            if self.addresses.public_url:
                self._base_url = self.addresses.public_url + self.addresses.prefix(self.provider, self.world.name)
            else:
                self._base_url = f"{self.scheme}://{self.authority}{self.prefix}"
        return self._base_url

    def url(self, path: str) -> str:
        """An absolute URL of this provider for a root-relative path."""
        return self.base_url + path

    @property
    def request_url(self) -> str:
        """The absolute URL of this very request, as the client sees it, query included."""
        query = f"?{self.query_string.decode('latin-1')}" if self.query_string else ""
        return f"{self.base_url}{self.raw_path.decode('latin-1')}{query}"

    def url_for_provider(self, provider: str, path: str = "") -> str:
        """The address of another provider of the same world, by the same kind of address as this one."""
        addresses, reached_by = self.addresses, self.address.reached_by
        if addresses.public_url or reached_by == "prefix":
            gateway = addresses.public_url or f"{self.scheme}://{self.authority}"
            return gateway + addresses.prefix(provider, self.world.name) + path
        if reached_by == "port":
            return f"{self.scheme}://{self.host}:{addresses.port_of(provider)}{path}"
        port = f":{self.authority.rpartition(':')[2]}" if ":" in self.authority else ""
        first, _, rest = self.host.partition(".")
        own = addresses.real_hosts[self.provider]
        real = any(self.host == name or (name[0] == "*" and self.host.endswith(name[1:])) for name in own)
        if first == self.provider and not real:  # `canvas.localhost`, but not `canvas.instructure.com`
            name = f"{provider}.{rest}"
        else:
            name = addresses.real_hosts[provider][0].replace("*", "demo")
        return f"{self.scheme}://{name}{port}{path}"

    def reached_otherwise_by(self, url: str, path: str) -> bool:
        """Whether a URL is a path of this provider in this world by another kind of address (port, prefix, host)."""
        own = self.world.name
        try:
            parts = urlsplit(url)
            found = self.addresses.locate(parts.hostname or "", parts.port, parts.path, lambda name: name == own)
        except ValueError:
            return False
        same = (found.provider, found.world) == (self.provider, own) and parts.path == found.prefix + path
        return same and found.reached_by != self.address.reached_by

    def resolve(self, reference: str) -> str:
        """A URL from a world file: `canvas:/login/oauth2/auth` means that provider of this world; others stay."""
        scheme, colon, path = reference.partition(":")
        if colon and scheme in self.addresses.real_hosts and (not path or path.startswith("/")):
            return self.url_for_provider(scheme, path)
        return reference

    # notes for the journal

    def warn(self, code: str, message: str) -> None:
        """Note something that the real provider accepts but the client probably did not intend."""
        self.warnings.append(Warning(code, message))

    def check(self, name: str, passed: bool = True, *, expected: Any = None, got: Any = None) -> bool:
        """Note a check. Returns its outcome."""
        self.checks.append(Check(name, passed, expected, got))
        return passed


def number(text: object) -> int | None:
    """An identifier from a request as an integer; None if it is not one."""
    digits = str(text)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None


@lru_cache(maxsize=256)
def split_authority(host: str) -> tuple[str, int | None]:
    """Host and port of a Host header; a malformed one is returned unchanged, without a port."""
    if not host.startswith("[") and ":" not in host:
        return host, None
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname or host, parts.port
    except ValueError:
        return host, None
