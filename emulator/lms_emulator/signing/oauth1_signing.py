"""The steps of making an OAuth 1.0 HMAC signature, each of which can be replaced by a mistake.

`Signing` holds the ingredients of a signature. Every function below changes one of them, as a client with that mistake
would, and yields nothing if the mistake makes no difference. `oauth1_mistakes` names and describes them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from lms_emulator.signing import oauth1
from lms_emulator.signing.macs import hmac_sha1

_ENCODED = re.compile("[A-Za-z0-9._~%=&-]*")

_NAMES = (
    *("oauth_", "lti_", "lis_", "custom_", "ext_", "tool_consumer_", "launch_presentation_", "context_"),
    *("resource_link_", "user_", "role", "content_item", "accept_", "data", "text", "title", "auto_create"),
)
"""Prefixes of LTI's own fields."""

Encoded = tuple[str, str, str, str]
"""A parameter of the base string: encoded name and value, then both unencoded."""


class Signing(NamedTuple):
    """The ingredients of one signature.

    Parameters:
        method: the HTTP method.
        url: the request URL.
        pairs: decoded parameters, without `oauth_signature`.
        secret: the consumer secret.
        memo: a cache of parts of base strings, shared by all signings derived from one.
        encode: how names and values are escaped within the parameter string.
        order: sorts the parameters; receives the decoded pairs with their encoded forms.
        uri: converts the URL to the base string URI.
        key: makes the HMAC key of the secret.
        base: makes the base string of method, URI and parameter string.
        mac: computes the digest of key and base string.
        output: converts the digest to text.
        detail: a mistake's detail about this request, for people ("the field `submit`").
    """

    method: str
    url: str
    pairs: tuple[tuple[str, str], ...]
    secret: str
    memo: dict[Any, Any]
    encode: Callable[[str], str] = oauth1.percent_encode
    order: Callable[[list[Encoded]], list[Encoded]] = sorted
    uri: Callable[[str], str] = oauth1.base_string_uri
    key: Callable[[str], bytes] = oauth1.signing_key
    base: Callable[[str, str, str], str] | None = None
    mac: Callable[[bytes, bytes], bytes] = hmac_sha1
    output: Callable[[bytes], str] = lambda digest: b64encode(digest).decode()
    detail: str = ""

    def signature(self) -> str:
        """The resulting signature.

        Raises:
            ValueError: the URL cannot be signed.
        """
        return self.output(self.mac(self.key(self.secret), self.message()))

    def message(self) -> bytes:
        """The base string, which takes far longer to build than to sign. Raises ValueError as `signature` does."""
        key = (self.encode, self.order, self.pairs)
        parameters = self.memo.get(key)
        if parameters is None:
            parameters = self.memo[key] = "&".join(f"{pair[0]}={pair[1]}" for pair in self.order(self._encoded()))
        uri = self._memoised(self.uri, self.url)
        if self.base is not None:
            return self.base(self.method, uri, parameters).encode(errors="surrogatepass")
        method, uri = self._memoised(oauth1.percent_encode, self.method), self._memoised(oauth1.percent_encode, uri)
        return f"{method}&{uri}&{self._memoised(_encode_again, parameters)}".encode(errors="surrogatepass")

    def _encoded(self) -> list[Encoded]:
        known: dict[tuple[str, str], Encoded] = self.memo.setdefault(self.encode, {})
        for pair in self.pairs:
            if pair not in known:
                known[pair] = (self.encode(pair[0]), self.encode(pair[1]), *pair)
        return [known[pair] for pair in self.pairs]

    def _memoised(self, function: Callable[[str], str], text: str) -> str:
        found: str | None = self.memo.get((function, text))
        if found is None:
            found = self.memo[function, text] = function(text)
        return found


def joined(method: str, uri: str, parameters: str) -> str:
    """The correct base string of its three parts."""
    return "&".join((oauth1.percent_encode(method), oauth1.percent_encode(uri), _encode_again(parameters)))


def _joined_and(within: str, after: str, method: str, uri: str, parameters: str) -> str:
    return joined(method, uri, parameters + within) + after


def _encode_again(parameters: str) -> str:
    """Percent-encode a parameter string; fast if it consists of encoded names and values."""
    if _ENCODED.fullmatch(parameters):
        return parameters.replace("%", "%25").replace("=", "%3D").replace("&", "%26")
    return oauth1.percent_encode(parameters)


# --- URL ---
def changed_url(s: Signing, **parts: str) -> list[Signing]:
    """Sign another URL. Parameters: `parts`, as for `urllib.parse.SplitResult`."""
    url = urlunsplit(urlsplit(s.url)._replace(**parts))
    return [s._replace(url=url)] if url != s.url else []


def without_slash(s: Signing) -> list[Signing]:
    return changed_url(s, path=urlsplit(s.url).path.rstrip("/"))


def with_slash(s: Signing) -> list[Signing]:
    return [] if (path := urlsplit(s.url).path).endswith("/") else changed_url(s, path=path + "/")


def other_scheme(s: Signing) -> list[Signing]:
    return changed_url(s, scheme="http" if urlsplit(s.url).scheme == "https" else "https")


def other_scheme_same_port(s: Signing) -> list[Signing]:
    return changed_url(s, scheme="http" if urlsplit(s.url).scheme == "https" else "https", netloc=host_of(s.url))


def host_of(url: str) -> str:
    """The host of a URL without its port; an IPv6 address keeps its brackets."""
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host


def without_port(s: Signing) -> list[Signing]:
    return changed_url(s, netloc=host_of(s.url))


def loopback_swapped(s: Signing) -> list[Signing]:
    parts = urlsplit(s.url)
    port = f":{parts.port}" if parts.port else ""
    return [other for name in ("localhost", "127.0.0.1", "[::1]") for other in changed_url(s, netloc=name + port)]


def www_swapped(s: Signing) -> list[Signing]:
    netloc = urlsplit(s.url).netloc
    return changed_url(s, netloc=netloc.removeprefix("www.") if netloc.startswith("www.") else "www." + netloc)


def default_port_kept(s: Signing) -> list[Signing]:
    def uri(url: str) -> str:
        parts = urlsplit(url)
        port = 443 if parts.scheme == "https" else 80
        if parts.port not in (None, port):
            raise ValueError(f"{parts.port} is not the default port")
        scheme, _, rest = oauth1.base_string_uri(url).partition("://")
        host, _, path = rest.partition("/")
        return f"{scheme}://{host}:{port}/{path}"

    return [s._replace(uri=uri)]


def usual_port_said(s: Signing) -> list[Signing]:
    """Sign a proxy's address with its scheme's default port written out."""
    host, path = host_of(s.url), urlsplit(s.url).path

    def said(scheme: str, port: int) -> Signing:
        return s._replace(uri=lambda _: f"{scheme}://{host}:{port}{path}")

    return [said("https", 443), said("http", 80)]


def query_parameters_twice(s: Signing) -> list[Signing]:
    queried = oauth1.query_parameters(s.url)
    return [s._replace(pairs=(*s.pairs, *queried))] if queried else []


def query_in_uri(s: Signing) -> list[Signing]:
    query = urlsplit(s.url).query
    return [s._replace(uri=lambda url: f"{oauth1.base_string_uri(url)}?{query}")] if query else []


def query_parameters_left_out(s: Signing) -> list[Signing]:
    queried = oauth1.query_parameters(s.url)
    return [s._replace(pairs=tuple(pair for pair in s.pairs if pair not in queried))] if queried else []


def query_in_uri_only(s: Signing) -> list[Signing]:
    return [other for without_query in query_parameters_left_out(s) for other in query_in_uri(without_query)]


def path_lowered(s: Signing) -> list[Signing]:
    return changed_url(s, path=urlsplit(s.url).path.lower())


def path_only(s: Signing) -> list[Signing]:
    return [s._replace(uri=lambda url: urlsplit(url).path or "/")]


def double_slash(s: Signing) -> list[Signing]:
    return changed_url(s, path="/" + urlsplit(s.url).path)


# --- secret and key ---
def with_key(make: Callable[[str], str]) -> Callable[[Signing], list[Signing]]:
    """Use another HMAC key, derived from the secret."""

    def apply(s: Signing) -> list[Signing]:
        key = make(s.secret).encode(errors="surrogatepass")
        return [s._replace(key=lambda _: key)] if key != oauth1.signing_key(s.secret) else []

    return apply


def with_secret(make: Callable[[Signing], str]) -> Callable[[Signing], list[Signing]]:
    """Use another consumer secret, derived from the correct signing."""

    def apply(s: Signing) -> list[Signing]:
        secret = make(s)
        return [s._replace(secret=secret)] if secret != s.secret else []

    return apply


def consumer_key(s: Signing) -> str:
    """The consumer key that was sent; the secret if there is none."""
    return next((value for name, value in s.pairs if name == "oauth_consumer_key"), s.secret)


def secret_hashed(s: Signing) -> list[Signing]:
    raw = s.secret.encode(errors="surrogatepass")
    return [s._replace(secret=hashlib.new(n, raw).hexdigest(), detail=n) for n in ("md5", "sha1", "sha256")]


def secret_cut(s: Signing) -> list[Signing]:
    """Use only the first characters of the secret, four to a hundred: fewer may be another secret's by chance."""
    whole = len(s.secret)
    lengths = range(min(whole, 100) - 1, 3, -1)
    return [s._replace(secret=s.secret[:n], detail=f"{n} of {whole} characters") for n in lengths]


# --- parameters ---
def keeping(keep: Callable[[str, str], bool]) -> Callable[[Signing], list[Signing]]:
    """Sign only the parameters for which `keep(name, value)` is true."""

    def apply(s: Signing) -> list[Signing]:
        pairs = tuple(pair for pair in s.pairs if keep(*pair))
        return [s._replace(pairs=pairs)] if len(pairs) < len(s.pairs) else []

    return apply


def oauth_left_out(field: str) -> Callable[[Signing], list[Signing]]:
    return keeping(lambda name, _: name != field)


def names_lowered(s: Signing) -> list[Signing]:
    pairs = tuple((name.lower(), value) for name, value in s.pairs)
    return [s._replace(pairs=pairs)] if pairs != s.pairs else []


def one_added(s: Signing) -> list[Signing]:
    """Sign without one field, each non-OAuth field in turn (the first sixty): it was added after signing."""
    return [
        s._replace(pairs=s.pairs[:i] + s.pairs[i + 1 :], detail=name)
        for i, (name, _) in enumerate(s.pairs)
        if not name.startswith("oauth_")
    ][:60]


def several_added(s: Signing) -> list[Signing]:
    """Sign without the last two to six fields of the form, or without all fields that LTI does not define."""
    foreign = tuple(pair for pair in s.pairs if not pair[0].startswith(_NAMES))
    groups = [foreign, *(s.pairs[-number:] for number in range(2, min(7, len(s.pairs))))]
    return [
        s._replace(
            pairs=tuple(p for p in s.pairs if p not in removed), detail=", ".join(name for name, _ in removed)[:500]
        )
        for removed in groups
        if len(removed) > 1
    ]


def button_added(s: Signing) -> list[Signing]:
    """Sign without the fields that submit buttons and CSRF protection add to a form."""
    buttons = {"submit", "ext_submit", "ext_basiclti_submit", "basiclti_submit", "csrf_token", "csrfmiddlewaretoken"}
    return keeping(lambda name, _: name.lower() not in buttons)(s)


def with_values(change: Callable[[str], str]) -> Callable[[Signing], list[Signing]]:
    """Sign different values from those that were sent."""

    def apply(s: Signing) -> list[Signing]:
        pairs = tuple((name, change(value)) for name, value in s.pairs)
        return [s._replace(pairs=pairs)] if pairs != s.pairs else []

    return apply


trimmed = with_values(str.strip)
newlines = with_values(lambda value: value.replace("\r\n", "\n"))
"""HTML forms send line breaks as CR LF; the signing server usually has plain LF."""


def with_one_value(*changes: Callable[[str], str]) -> Callable[[Signing], list[Signing]]:
    """Sign another value of one field, each field and change in turn; the first sixty fields."""

    def apply(s: Signing) -> list[Signing]:
        return [
            s._replace(pairs=(*s.pairs[:i], (name, change(value)), *s.pairs[i + 1 :]), detail=name)
            for i, (name, value) in enumerate(s.pairs[:60])
            if not name.startswith("oauth_")
            for change in changes
            if change(value) != value
        ]

    return apply


def with_pair(name: str, *values: str) -> Callable[[Signing], list[Signing]]:
    """Sign a field that was not sent, with each of the values in turn."""

    def apply(s: Signing) -> list[Signing]:
        if any(sent == name for sent, _ in s.pairs):
            return []
        return [s._replace(pairs=(*s.pairs, (name, value))) for value in values]

    return apply


def repeated_once(s: Signing) -> list[Signing]:
    """Sign only the first or the last value of a field that was sent twice."""
    first: dict[str, str] = {}
    for name, value in s.pairs:
        first.setdefault(name, value)
    last = dict(s.pairs)
    if len(last) == len(s.pairs):
        return []
    twice = ", ".join(sorted({name for name, _ in s.pairs if sum(other == name for other, _ in s.pairs) > 1}))
    return [s._replace(pairs=tuple(kept.items()), detail=twice) for kept in (first, last)]


def brackets_swapped(s: Signing) -> list[Signing]:
    """Add or remove PHP's `[]` of list fields (`roles[]`), which only the signed or the sent name has."""
    bare = tuple((name.removesuffix("[]"), value) for name, value in s.pairs)
    if bare != s.pairs:
        return [s._replace(pairs=bare)]
    return [
        s._replace(pairs=(*s.pairs[:i], (f"{name}[]", value), *s.pairs[i + 1 :]), detail=name)
        for i, (name, value) in enumerate(s.pairs)
        if name == "roles"
    ]


def other_timestamp(s: Signing) -> list[Signing]:
    """Sign a timestamp a few seconds before or after the one that was sent."""
    sent = dict(s.pairs).get("oauth_timestamp", "")
    if not sent.isdecimal() or len(sent) > 12:
        return []
    moved = [str(int(sent) + seconds) for seconds in range(-15, 16) if seconds]
    return [
        s._replace(pairs=tuple((n, signed if n == "oauth_timestamp" else v) for n, v in s.pairs), detail=signed)
        for signed in moved
    ]


# --- order ---
def with_order(order: Callable[[list[Encoded]], list[Encoded]]) -> Callable[[Signing], list[Signing]]:
    """Order the parameters differently."""
    return lambda s: [s._replace(order=order)]


# --- encoding ---
def with_encoding(encode: Callable[[str], str]) -> Callable[[Signing], list[Signing]]:
    """Encode names and values differently."""
    return lambda s: [s._replace(encode=encode)]


def with_encoder(encode: Callable[[str], str]) -> Callable[[Signing], list[Signing]]:
    """Encode with a platform's own function throughout: names, values, and the parts of the base string."""

    def base(*parts: str) -> str:
        return "&".join(encode(part) for part in parts)

    return lambda s: [s._replace(encode=encode, base=base), s._replace(encode=encode)]


def with_base(join: Callable[[str, str, str], str]) -> Callable[[Signing], list[Signing]]:
    """Join method, URI and parameter string differently."""
    return lambda s: [s._replace(base=join)]


def base_ended(s: Signing) -> list[Signing]:
    """Append something to the base string or to the parameter string."""

    ends = (("", "\n"), ("", "\r\n"), ("", "&"), ("&", ""))
    return [s._replace(base=partial(_joined_and, within, after)) for within, after in ends]


# --- hash and output ---
def with_hash(name: str) -> Callable[[Signing], list[Signing]]:
    """Use another hash, by its name in `hashlib`."""
    return with_mac(lambda key, message: hmac.digest(key, message, name))


def with_mac(mac: Callable[[bytes, bytes], bytes]) -> Callable[[Signing], list[Signing]]:
    """Compute the digest of key and base string differently."""
    return lambda s: [s._replace(mac=mac)]


def with_output(make: Callable[[bytes], str]) -> Callable[[Signing], list[Signing]]:
    """Encode the digest differently."""
    return lambda s: [s._replace(output=make)]


def base64(digest: bytes) -> str:
    return b64encode(digest).decode()


def wrapped(s: Signing) -> list[Signing]:
    """The correct base64 with stray characters around it."""
    forms = ('"…"', "'…'", "b'…'", " …", "… ", "sha1=…", "HMAC-SHA1 …", "…&", "<…>")
    return [_written(s, partial(form.replace, "…"), form) for form in forms]


def signature_cut(s: Signing) -> list[Signing]:
    """Only the first characters of the correct base64."""
    return [_written(s, itemgetter(slice(n)), f"{n} of 28 characters") for n in range(26, 7, -1)]


def _written(s: Signing, change: Callable[[str], str], detail: str) -> Signing:
    return s._replace(output=lambda digest: change(base64(digest)), detail=detail)


def with_method(change: Callable[[str], str]) -> Callable[[Signing], list[Signing]]:
    """Sign another HTTP method, or this one written in another way."""
    return lambda s: [s._replace(method=change(s.method))] if change(s.method) != s.method else []
