"""HTTPS with the real host names, under a throw-away certificate authority made at startup."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

from lms_emulator.core.http.addresses import Addresses

if TYPE_CHECKING:
    import trustme


def server_context(addresses: Addresses) -> tuple[ssl.SSLContext, bytes]:
    """A TLS context for localhost and every real host name, and the authority's certificate as PEM.

    The authority and its keys are generated at every start and exist only in this process, so trusting one run does not
    mean trusting the next.
    """
    import trustme

    authority = trustme.CA(organization_name="lms-emulator throw-away authority")
    names = ["localhost", "*.localhost", "127.0.0.1", "::1", addresses.host]
    for hosts in addresses.real_hosts.values():
        names.extend(hosts)
    certificate = authority.issue_cert(*dict.fromkeys(names))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load(context, certificate)
    return context, authority.cert_pem.bytes()


def _load(context: ssl.SSLContext, certificate: trustme.LeafCert) -> None:
    """Load key and certificate, which Python reads from files only.

    On Linux the file is in memory: a container may have a read-only file system, and keys do not belong on disk.
    """
    if not hasattr(os, "memfd_create"):
        certificate.configure_cert(context)
        return
    descriptor = os.memfd_create("lms-emulator-tls", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(certificate.private_key_and_cert_chain_pem.bytes())
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
