"""The one certificate of this process, made at the first call and shared by all."""

from __future__ import annotations

import datetime as dt

from exotel_voice.media._aiortc import SharedCertificate

__all__ = ["shared_certificate"]

_RENEW_BEFORE = dt.timedelta(days=2)
_current: SharedCertificate | None = None


def shared_certificate() -> SharedCertificate:
    """Give the process's certificate; a new one where it ends within two days.

    It is an ECDSA P-256 certificate that this process signs itself (RFC 8827 §6.5). Calls that
    began with the one before keep it.
    """
    global _current  # noqa: PLW0603 - one per process is the point
    now = dt.datetime.now(tz=dt.UTC)
    if _current is None or _current.expires - now < _RENEW_BEFORE:
        _current = SharedCertificate.generateCertificate()
    return _current
