"""HTTPS with the real host names, under a throw-away authority made at start."""

from __future__ import annotations

import ssl

from lms_emulator.core.addresses import Addresses


def server_context(addresses: Addresses) -> tuple[ssl.SSLContext, bytes]:
    """A TLS context for localhost and every real host name, and the authority's certificate as PEM.

    The authority and its keys exist in this process only and are made anew at every start, so that nothing
    which trusts one run trusts another.
    """
    import trustme

    authority = trustme.CA(organization_name="lms-emulator throw-away authority")
    names = ["localhost", "*.localhost", "127.0.0.1", "::1", addresses.host]
    for hosts in addresses.real_hosts.values():
        names.extend(hosts)
    certificate = authority.issue_cert(*dict.fromkeys(names))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context, authority.cert_pem.bytes()
