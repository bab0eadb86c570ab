"""LearningStudio's variant of OAuth 1.0a, which differs in nearly every detail.

The header is `X-Authorization`, the signature is CMAC-AES, only the path (not the whole URL) is signed,
`application_id` is a parameter, parameters are sorted case-insensitively, and the body of a POST or PUT is a parameter:

    BASE      = METHOD "&" enc(path) "&" enc(join("&", sorted(name "=" value)))
    signature = base64(CMAC-AES(secret, BASE))
    body      = enc(enc(base64(body)))                   (so it ends up encoded three times)

Sources: developer.pearson.com "Creating and using the OAuth 1.0a signature" and Pearson's five libraries of 2014, which
agree except on the escaping of query parameter values (see `QUERY_FORMS`).
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import quote, unquote, unquote_plus

from lms_emulator.signing.cmac import cmac_aes
from lms_emulator.signing.pearson import Malformed

SIGNATURE_METHOD = "CMAC-AES"

REQUIRED_PARAMETERS = (
    "oauth_consumer_key",
    "application_id",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
)


_LONG, _FEW = 1_000, 6
"""For texts of at least this length with at most this many different escaped characters, successive replacements are
faster."""


# --- percent-encoding ---
@dataclass(frozen=True)
class Escaping:
    """One library's percent-encoding. All use upper-case hex and leave letters, digits and `-._` alone."""

    name: str
    space: str
    keeps: str

    def __call__(self, text: str) -> str:
        if text.isascii():
            table = _table(self)
            kinds = set(text.encode().translate(None, self.kept))
            if len(text) < _LONG or len(kinds) > _FEW:
                return text.translate(table)
            # `%` first and spaces last, since the replacements add `%` and `+`.
            for kind in sorted(kinds, key=lambda kind: (kind == 0x20, kind != 0x25)):
                text = text.replace(chr(kind), table[kind])
            return text
        # quote() never escapes "~", so it is escaped afterwards if necessary.
        escaped = quote(text, safe=" " + self.keeps, errors="surrogateescape")
        if "~" not in self.keeps:
            escaped = escaped.replace("~", "%7E")
        return escaped.replace(" ", self.space)

    @property
    def kept(self) -> bytes:
        """The unescaped characters."""
        return b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._" + self.keeps.encode()

    def decode(self, text: str) -> str:
        return (unquote_plus if self.space == "+" else unquote)(text, errors="surrogateescape")


@cache
def _table(escaping: Escaping) -> dict[int, str]:
    """The translation of each escaped ASCII character, which is many times faster than quote()."""
    kept = escaping.kept
    return {code: escaping.space if code == 32 else f"%{code:02X}" for code in range(128) if code not in kept}


JAVA = Escaping("Java URLEncoder", "+", "*")
FORM = Escaping("form style", "+", "~")
PHP = Escaping("PHP urlencode", "+", "")
PERCENT = Escaping("RFC 3986", "%20", "~")
DOTNET = Escaping(".NET EscapeDataString", "%20", "!*'()~")
ESCAPINGS = (JAVA, FORM, PHP, PERCENT, DOTNET)

QUERY_FORMS: dict[str, Callable[[str, Escaping], str]] = {
    "raw": lambda text, enc: text,
    "decoded": lambda text, enc: enc.decode(text),
    "re-encoded": lambda text, enc: enc(text),
    "decoded and re-encoded": lambda text, enc: enc(enc.decode(text)),
}
"""How a library puts query values into the base string. Java: raw; Python, Ruby: decoded; PHP, C#: re-encoded.

Which form the real server used is not known, so all are accepted unless strict mode is on.
"""


# --- the header ---
@dataclass(frozen=True, kw_only=True)
class OAuth1Header:
    """The parameters of an `X-Authorization: OAuth …` header, percent-decoded except for the realm."""

    consumer_key: str
    application_id: str
    signature_method: str
    timestamp: str
    nonce: str
    signature: str
    realm: str | None = None
    extra: tuple[tuple[str, str], ...] = ()


# Adjacent parts match different characters, so that a hostile header takes linear time.
_PAIR = re.compile(r'\s*([^\s=,"]+)\s*=(?:\s*"([^"]*)"\s*|([^,"]*))(?:,|$)')

# A realm is the unescaped URL, which may contain quotation marks.
_REALM = re.compile(r'\s*realm="(.*?)"\s*,\s*(?=oauth_|application_id)')


def parse_header(value: str) -> OAuth1Header:
    """Parse an OAuth 1.0a header in any form that Pearson's libraries send.

    The parameters come in any order, quoted or not, with or without spaces after the commas; the realm may be a URL
    with or without its query, a path, or missing.

    Parameters:
        value: the header's value, with or without the scheme `OAuth` in front.

    Raises:
        Malformed: a pair cannot be read, a parameter is missing or occurs twice.
    """
    scheme, _, rest = value.strip().partition(" ")
    text = rest if scheme.lower() == "oauth" else value
    found: dict[str, str] = {}
    position = 0
    if realm := _REALM.match(text):
        found["realm"], position = realm[1], realm.end()
    while position < len(text):
        pair = _PAIR.match(text, position)
        if pair is None:
            raise Malformed(f"cannot read the OAuth header from {text[position : position + 40]!r} on")
        position = pair.end()
        name, quoted, bare = pair.groups()
        if name in found:
            raise Malformed(f"the OAuth parameter {name} occurs twice")
        raw = quoted if quoted is not None else bare.strip()
        found[name] = raw if name == "realm" else unquote(raw)
    missing = [name for name in REQUIRED_PARAMETERS if not found.get(name)]
    if missing:
        raise Malformed(f"the OAuth parameter {missing[0]} is missing")
    known = {*REQUIRED_PARAMETERS, "realm"}
    return OAuth1Header(
        consumer_key=found["oauth_consumer_key"],
        application_id=found["application_id"],
        signature_method=found["oauth_signature_method"],
        timestamp=found["oauth_timestamp"],
        nonce=found["oauth_nonce"],
        signature=found["oauth_signature"],
        realm=found.get("realm"),
        extra=tuple((name, raw) for name, raw in found.items() if name not in known),
    )


# --- the base string ---
@dataclass(frozen=True, kw_only=True)
class SignedRequest:
    """The signed parts of a request.

    Parameters:
        method: in any case.
        path: as on the wire, escapes included: `/users/loginid=gbtestc%7Cada`. No scheme, host, query.
        query: as on the wire, without `?`.
        body: as on the wire; counts for POST and PUT only.
        application_id, consumer_key, timestamp, nonce: as in the header, decoded.
    """

    method: str
    path: str
    query: str
    body: bytes
    application_id: str
    consumer_key: str
    timestamp: str
    nonce: str

    def oauth_parameters(self) -> list[tuple[str, str]]:
        return [
            ("application_id", self.application_id),
            ("oauth_consumer_key", self.consumer_key),
            ("oauth_nonce", self.nonce),
            ("oauth_signature_method", SIGNATURE_METHOD),
            ("oauth_timestamp", self.timestamp),
        ]

    @property
    def signs_body(self) -> bool:
        """Whether the body is signed: always for POST and PUT, even an empty one, and never otherwise."""
        return self.method.upper() in ("POST", "PUT")


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Names and values of a query string, not decoded. `a` counts as `a=`."""
    pairs = []
    for item in query.split("&"):
        name, _, value = item.partition("=")
        if name:
            pairs.append((name, value))
    return pairs


@lru_cache(maxsize=2)  # all readings of a request share it
def sign_body(body: bytes, escape: Callable[[str], str] = JAVA) -> str:
    """The value of the `body` parameter: Base64, escaped twice."""
    return escape(escape(b64encode(body).decode()))


def base_string(request: SignedRequest, *, query_form: str = "raw", escaping: Escaping = JAVA) -> str:
    """The base string of a request.

    Parameters:
        query_form: a key of `QUERY_FORMS`.
        escaping: matters only where the path or query has spaces, `*` or `~`.
    """
    form = QUERY_FORMS[query_form]
    pairs = request.oauth_parameters()
    pairs += [(name, form(value, escaping)) for name, value in query_pairs(request.query)]
    if request.signs_body:
        pairs.append(("body", sign_body(request.body, escaping)))
    # A stable sort: repeated names keep their order.
    pairs.sort(key=lambda pair: pair[0].lower())
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    return f"{request.method.upper()}&{escaping(request.path)}&{escaping(joined)}"


def signature(secret: str, base: str) -> str:
    """Standard Base64, 24 characters, ending `==`.

    Raises:
        ValueError: the secret's UTF-8 form does not have 16, 24 or 32 bytes.
    """
    return b64encode(cmac_aes(secret.encode(), base.encode())).decode()


def base_strings(request: SignedRequest, *, strict: bool = False) -> Iterator[tuple[str, str]]:
    """Every acceptable base string with the name of its reading, without duplicates, the likeliest first.

    Parameters:
        strict: only query values as in the URL ("raw"), as Pearson's Java library signs them.
    """
    seen = set()
    forms = ("raw",) if strict else tuple(QUERY_FORMS)
    plain = _unreserved(request.path) and _unreserved(request.query) and "/" not in request.query
    for form in forms[:1] if plain else forms:
        for escaping in ESCAPINGS[:1] if plain else ESCAPINGS:
            base = base_string(request, query_form=form, escaping=escaping)
            if base not in seen:
                seen.add(base)
                yield f"query values {form}, {escaping.name}", base


@lru_cache(maxsize=256)
def _unreserved(text: str) -> bool:
    """Whether all libraries escape the text alike, so that there is only one reading."""
    return re.fullmatch(r"[A-Za-z0-9._/=&-]*", text) is not None


def authorization(request: SignedRequest, secret: str, *, realm: str) -> str:
    """The header value of a correct client, in the order of Pearson's Java, C# and Python libraries.

    Parameters:
        realm: the URL without its query, which is neither signed nor checked.
    """
    pairs = (
        ("oauth_consumer_key", request.consumer_key),
        ("application_id", request.application_id),
        ("oauth_signature_method", SIGNATURE_METHOD),
        ("oauth_timestamp", request.timestamp),
        ("oauth_nonce", request.nonce),
        ("oauth_signature", signature(secret, base_string(request))),
    )
    return f'OAuth realm="{realm}",' + ",".join(f'{name}="{JAVA(value)}"' for name, value in pairs)
