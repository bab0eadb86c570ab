"""Known mistakes in signing OAuth 1.0 requests with HMAC, LTI 1.1 launches in particular.

Each changes an `oauth1_signing.Signing`, correct from the server's point of view, into what a client with that mistake
signs. `oauth1_diagnosis` tries them.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import partial
from hashlib import sha1
from html import unescape
from re import sub
from unicodedata import normalize
from urllib.parse import quote_plus, unquote

from lms_emulator.signing import encoders, oauth1
from lms_emulator.signing import oauth1_rewritings as rewritten
from lms_emulator.signing import oauth1_signing as wrong
from lms_emulator.signing.diagnosis import Mistake
from lms_emulator.signing.macs import hmac_sha1
from lms_emulator.signing.oauth1_signing import Signing

MISTAKES: tuple[Mistake[Signing], ...] = (
    Mistake("url_without_slash", "the URL was signed without its trailing slash", wrong.without_slash, "slash"),
    Mistake("url_with_slash", "the URL was signed with a trailing slash it does not have", wrong.with_slash, "slash"),
    Mistake("url_other_scheme", "http and https were swapped in the signed URL", wrong.other_scheme, "url"),
    Mistake("url_without_port", "the URL was signed without its port", wrong.without_port, "url"),
    Mistake(
        "url_behind_proxy",
        "http and https were swapped and the port was left out of the signed URL, as behind a proxy",
        wrong.other_scheme_same_port,
        "url",
    ),
    Mistake(
        "url_loopback", "another name of this machine (localhost, 127.0.0.1) was signed", wrong.loopback_swapped, "url"
    ),
    Mistake("url_www", "the URL was signed with, or without, 'www.'", wrong.www_swapped, "url"),
    Mistake("url_default_port", "the URL was signed with its default port", wrong.default_port_kept, "url"),
    Mistake(
        "url_usual_port",
        "the URL was signed as behind a proxy, with the usual port of its scheme written out",
        wrong.usual_port_said,
        "url",
    ),
    Mistake(
        "query_signed_twice",
        "the parameters of the URL's query were signed twice: from the URL, and among the fields",
        wrong.query_parameters_twice,
        "query",
    ),
    Mistake("url_query_in_uri", "the URL was signed with its query string as well", wrong.query_in_uri, "query"),
    Mistake(
        "url_query_unsorted",
        "the query string was signed as part of the URL instead of as parameters",
        wrong.query_in_uri_only,
        "query",
    ),
    Mistake(
        "query_left_out", "the parameters of the URL's query were left out", wrong.query_parameters_left_out, "query"
    ),
    Mistake("url_lowered", "the whole URL was lower-cased; only scheme and host may be", wrong.path_lowered, "slash"),
    Mistake("url_path_only", "only the path of the URL was signed", wrong.path_only, "url"),
    Mistake("url_double_slash", "the path was signed with two leading slashes", wrong.double_slash, "slash"),
    Mistake("method_get", "the signature was made for GET", wrong.with_method(lambda _: "GET"), "method"),
    Mistake(
        "url_encoded_twice",
        "the URL was percent-encoded once more than the base string needs",
        lambda s: [s._replace(uri=lambda url: oauth1.percent_encode(oauth1.base_string_uri(url)))],
        "url",
    ),
    Mistake("method_lower", "the method was signed in lower case", wrong.with_method(str.lower), "method"),
    Mistake("method_title", "the method was signed with one capital only", wrong.with_method(str.capitalize), "method"),
    Mistake("submit_button", "a submit button or CSRF field was added after signing", wrong.button_added, "parameters"),
    Mistake(
        "body_left_out",
        "the body parameters were left out; only the OAuth fields were signed",
        wrong.keeping(lambda name, _: name.startswith("oauth_")),
        "parameters",
    ),
    Mistake(
        "oauth_left_out",
        "the OAuth fields were left out; only the message was signed",
        wrong.keeping(lambda name, _: not name.startswith("oauth_")),
        "parameters",
    ),
    Mistake(
        "blank_left_out", "blank parameters were left out", wrong.keeping(lambda _, value: value != ""), "parameters"
    ),
    Mistake("callback_left_out", "oauth_callback was left out", wrong.oauth_left_out("oauth_callback"), "parameters"),
    Mistake("version_left_out", "oauth_version was left out", wrong.oauth_left_out("oauth_version"), "parameters"),
    Mistake(
        "custom_left_out",
        "the custom_ and ext_ parameters were left out",
        wrong.keeping(lambda name, _: not name.startswith(("custom_", "ext_"))),
        "parameters",
    ),
    Mistake("repeated_once", "a field that came more than once was signed once", wrong.repeated_once, "parameters"),
    Mistake(
        "callback_not_sent",
        "oauth_callback was signed but not sent",
        wrong.with_pair("oauth_callback", "about:blank", "", "oob"),
        "parameters",
    ),
    Mistake(
        "version_not_sent",
        "oauth_version was signed but not sent",
        wrong.with_pair("oauth_version", "1.0"),
        "parameters",
    ),
    Mistake(
        "empty_signature_signed",
        "an empty oauth_signature was signed with the rest",
        wrong.with_pair(oauth1.SIGNATURE_FIELD, ""),
        "parameters",
    ),
    Mistake(
        "roles_brackets",
        "a field was signed with, or without, the [] of its name",
        wrong.brackets_swapped,
        "parameters",
    ),
    Mistake("trimmed", "values were trimmed before signing but not in the form", wrong.trimmed, "parameters"),
    Mistake(
        "trimmed_later",
        "a value was trimmed after signing",
        wrong.with_one_value(lambda v: f"{v} ", lambda v: f" {v}", lambda v: f"{v}\n", lambda v: f"{v}\r\n"),
        "parameters",
    ),
    Mistake(
        "html_escaped",
        "values were signed with HTML entities (&amp; and the like) in them",
        rewritten.escaped_for_html,
        "parameters",
    ),
    Mistake(
        "html_escaped_later",
        "values were sent with HTML entities (&amp; and the like) that were not signed",
        wrong.with_values(unescape),
        "parameters",
    ),
    Mistake(
        "sent_encoded_twice",
        "values were sent percent-encoded once more than they were signed",
        wrong.with_values(unquote),
        "parameters",
    ),
    Mistake(
        "unicode_form",
        "text was signed in another Unicode normal form (NFC, NFD) than it was sent in",
        lambda s: [c for form in ("NFC", "NFD") for c in wrong.with_values(partial(normalize, form))(s)],
        "parameters",
    ),
    Mistake(
        "timestamp_renewed",
        "another oauth_timestamp was signed than was sent; it was made twice",
        wrong.other_timestamp,
        "parameters",
    ),
    Mistake("newlines", "line breaks were signed as LF but sent as CR LF", wrong.newlines, "parameters"),
    Mistake(
        "token_not_sent",
        "an empty oauth_token was signed but not sent",
        wrong.with_pair("oauth_token", ""),
        "parameters",
    ),
    Mistake("names_lowered", "parameter names were lower-cased", wrong.names_lowered, "parameters"),
    Mistake("field_added", "a field was added to the form after signing", wrong.one_added, "parameters"),
    Mistake("fields_added", "fields were added to the form after signing", wrong.several_added, "parameters"),
    Mistake(
        "unsorted",
        "the parameters were signed in the order of the form, not sorted",
        wrong.with_order(lambda encoded: encoded),
        "order",
    ),
    Mistake(
        "sorted_before_encoding",
        "the parameters were sorted before they were encoded, not after",
        wrong.with_order(lambda encoded: sorted(encoded, key=lambda e: e[2:])),
        "order",
    ),
    Mistake(
        "sorted_joined",
        "the parameters were sorted as texts `name=value`, not by name first",
        wrong.with_order(lambda encoded: sorted(encoded, key=lambda e: f"{e[0]}={e[1]}")),
        "order",
    ),
    Mistake(
        "sorted_without_case",
        "the parameters were sorted without regard to case",
        wrong.with_order(lambda encoded: sorted(encoded, key=lambda e: (e[0].lower(), e[1]))),
        "order",
    ),
    Mistake(
        "sorted_backwards",
        "the parameters were sorted backwards",
        wrong.with_order(lambda encoded: sorted(encoded, reverse=True)),
        "order",
    ),
    Mistake(
        "oauth_first",
        "the OAuth fields were signed before all others, each group sorted by itself",
        wrong.with_order(lambda encoded: sorted(encoded, key=lambda e: (not e[0].startswith("oauth_"), e))),
        "order",
    ),
    Mistake("plus_for_space", "spaces were encoded as '+' instead of %20", wrong.with_encoding(quote_plus), "encoding"),
    Mistake(
        "encoded_twice",
        "names and values were percent-encoded twice before they were joined",
        wrong.with_encoding(lambda text: oauth1.percent_encode(oauth1.percent_encode(text))),
        "encoding",
    ),
    Mistake(
        "not_encoded",
        "names and values were not percent-encoded, or their '%' was not encoded again in the base string",
        wrong.with_encoding(lambda text: text),
        "encoding",
    ),
    Mistake(
        "hex_lowered",
        "percent-encoding used lower-case hex digits",
        wrong.with_encoder(encoders.lower_hex),
        "encoding",
    ),
    Mistake("latin1", "text was encoded as Latin-1 instead of UTF-8", wrong.with_encoding(encoders.latin1), "encoding"),
    Mistake(
        "uri_component",
        "encodeURIComponent was used (or Uri.EscapeDataString of the old .NET), which leaves ! ' ( ) * bare",
        wrong.with_encoder(encoders.uri_component),
        "encoding",
    ),
    Mistake(
        "slash_bare",
        "'/' was left bare in names and values",
        wrong.with_encoder(encoders.slash_bare),
        "encoding",
    ),
    Mistake("tilde_encoded", "'~' was encoded as %7E", wrong.with_encoding(encoders.encoded_tilde), "encoding"),
    Mistake(
        "encoder_form",
        "PHP's urlencode or Java's URLEncoder was used, which encode for forms: a space as '+', '~' as %7E; "
        "in PHP, OAuth needs rawurlencode",
        lambda s: (
            wrong.with_encoder(encoders.php)(s) if not any("*" in text for pair in s.pairs for text in pair) else []
        ),
        "encoding",
    ),
    Mistake(
        "encoder_java",
        "Java's URLEncoder was used, which encodes for forms: a space as '+', '~' as %7E, '*' not at all",
        wrong.with_encoder(encoders.java),
        "encoding",
    ),
    Mistake(
        "encoder_java_spaces",
        "Java's URLEncoder was used with its '+' replaced by %20; replace '*' by %2A and %7E by '~' as well",
        wrong.with_encoder(encoders.java_spaces),
        "encoding",
    ),
    Mistake(
        "encoder_php",
        "PHP's urlencode was used, which encodes for forms; OAuth needs rawurlencode",
        wrong.with_encoder(encoders.php),
        "encoding",
    ),
    Mistake(
        "encoder_dotnet",
        ".NET's HttpUtility.UrlEncode was used, which encodes for forms and in lower-case hex digits; "
        "OAuth needs Uri.EscapeDataString",
        wrong.with_encoder(encoders.dotnet),
        "encoding",
    ),
    Mistake(
        "encoder_dotnet_upper",
        ".NET's UrlEncode was used, which encodes for forms and leaves ! ( ) * bare; OAuth needs Uri.EscapeDataString",
        lambda s: [row for e in (encoders.dotnet_upper, encoders.dotnet_spaces) for row in wrong.with_encoder(e)(s)],
        "encoding",
    ),
    Mistake(
        "encoder_javascript",
        "JavaScript's escape was used, which knows no UTF-8; OAuth needs encodeURIComponent and !'()* besides",
        wrong.with_encoder(encoders.javascript),
        "encoding",
    ),
    Mistake(
        "base_hex_lowered",
        "the base string was encoded with lower-case hex digits",
        wrong.with_base(encoders.base_lower_hex),
        "base",
    ),
    Mistake(
        "base_parts_not_encoded",
        "URL and parameters were joined without being percent-encoded",
        wrong.with_base(lambda method, uri, parameters: f"{method}&{uri}&{parameters}"),
        "base",
    ),
    Mistake(
        "base_parameters_not_encoded",
        "the parameter string was not percent-encoded within the base string",
        wrong.with_base(lambda method, uri, parameters: f"{method}&{oauth1.percent_encode(uri)}&{parameters}"),
        "base",
    ),
    Mistake(
        "base_percent_not_encoded",
        "'%' was not encoded again when the parameter string went into the base string",
        wrong.with_base(lambda *parts: "&".join(oauth1.percent_encode(part).replace("%25", "%") for part in parts)),
        "base",
    ),
    Mistake(
        "base_newlines",
        "the parts of the base string were joined with newlines instead of '&'",
        wrong.with_base(lambda *parts: "\n".join(oauth1.percent_encode(part) for part in parts)),
        "base",
    ),
    Mistake("base_ended", "the base string was signed with a line break or '&' at its end", wrong.base_ended, "base"),
    Mistake(
        "blank_without_equals",
        "blank parameters were signed without their '='",
        wrong.with_base(lambda method, uri, text: wrong.joined(method, uri, sub("=(?=&|$)", "", text))),
        "base",
    ),
    Mistake("sha256", "HMAC-SHA256 was used under the name HMAC-SHA1", wrong.with_hash("sha256"), "hash"),
    Mistake("sha512", "HMAC-SHA512 was used under the name HMAC-SHA1", wrong.with_hash("sha512"), "hash"),
    Mistake("md5", "HMAC-MD5 was used under the name HMAC-SHA1", wrong.with_hash("md5"), "hash"),
    Mistake(
        "no_hmac",
        "a plain SHA-1 of key and base string was made, no HMAC",
        wrong.with_mac(lambda key, message: sha1(key + message, usedforsecurity=False).digest()),
        "hash",
    ),
    Mistake(
        "key_and_text_swapped",
        "key and base string were handed to HMAC in each other's place",
        wrong.with_mac(lambda key, message: hmac_sha1(message, key)),
        "hash",
    ),
    Mistake("hex", "the signature is hex instead of base64", wrong.with_output(bytes.hex), "output"),
    Mistake(
        "hex_upper", "the signature is hex instead of base64", wrong.with_output(lambda d: d.hex().upper()), "output"
    ),
    Mistake(
        "hex_in_base64",
        "the hex digits of the digest were encoded in base64, instead of its bytes",
        wrong.with_output(lambda d: wrong.base64(d.hex().encode())),
        "output",
    ),
    Mistake(
        "unpadded",
        "the padding '=' of the base64 signature is missing",
        wrong.with_output(lambda d: wrong.base64(d).rstrip("=")),
        "output",
    ),
    Mistake(
        "base64_url", "URL-safe base64 was used", wrong.with_output(lambda d: urlsafe_b64encode(d).decode()), "output"
    ),
    Mistake(
        "signature_encoded_twice",
        "the signature was percent-encoded once more than the form needs",
        wrong.with_output(lambda d: oauth1.percent_encode(wrong.base64(d))),
        "output",
    ),
    Mistake(
        "signature_plus_lost",
        "the signature was not encoded for the form, so its '+' arrived as a space",
        wrong.with_output(lambda d: wrong.base64(d).replace("+", " ")),
        "output",
    ),
    Mistake(
        "signature_newline",
        "the signature has a newline at its end",
        wrong.with_output(lambda d: wrong.base64(d) + "\n"),
        "output",
    ),
    Mistake("signature_wrapped", "the signature came with something around it", wrong.wrapped, "output"),
    Mistake(
        "signature_base64_twice",
        "the signature was encoded in base64 twice",
        wrong.with_output(lambda d: wrong.base64(wrong.base64(d).encode())),
        "output",
    ),
    Mistake("signature_cut", "the signature was cut", wrong.signature_cut, "output"),
    Mistake(
        "signature_lowered",
        "the signature was lower-cased",
        wrong.with_output(lambda d: wrong.base64(d).lower()),
        "output",
    ),
)
