"""
Signatures of webhook deliveries, which prove to the receiver who sent them, and when.
"""

import hashlib
import hmac
import re
import time

HEADER = "X-Signature"

_FORMAT = re.compile("t=(?P<timestamp>[0-9]{1,12}),v1=(?P<digest>[0-9a-f]{64})")
_TOLERANCE_SECONDS = 300


def sign(body: bytes, secret: str, at: float | None = None) -> str:
    """
    Return the value of the header: a time, and the HMAC-SHA256 of that time and the body.

        sign(b"{}", "secret", at=0)  # "t=0,v1=..."
    """
    timestamp = str(int(time.time() if at is None else at))
    return f"t={timestamp},v1={_digest(timestamp, body, secret)}"


def is_genuine(body: bytes, secret: str, header: str) -> bool:
    """
    Return whether the header signs this body with the secret, and is at most 5 minutes old.
    """
    parts = _FORMAT.fullmatch(header)
    if parts is None or abs(time.time() - int(parts["timestamp"])) > _TOLERANCE_SECONDS:
        return False
    return hmac.compare_digest(parts["digest"], _digest(parts["timestamp"], body, secret))


def _digest(timestamp: str, body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
