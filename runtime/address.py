"""Where this installation's collector is, and how its own senders know that they speak with it."""

from __future__ import annotations

import ssl

from runtime.settings import Settings

_ANY = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}


def collector_url(settings: Settings) -> str:
    """Without a slash at its end."""
    host = _ANY.get(settings.collector_host, settings.collector_host)
    return f"{'https' if settings.tls_certificate else 'http'}://{host}:{settings.collector_port}"


def trust(settings: Settings) -> ssl.SSLContext | None:
    """Trusts the certificate that the settings name, whatever name it was made out to; None without TLS."""
    if not settings.tls_certificate:
        return None
    context = ssl.create_default_context(cafile=settings.tls_certificate)
    context.check_hostname = False  # it is the shop's name, and this is the same machine
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
