"""
Signed announcements: the receiver can tell that one is ours, and that it is not an old one.
"""

import hashlib
import hmac
import re
import time

HEADER = "X-Signature"

_FORM = re.compile("t=(?P<moment>[0-9]{1,12}),v1=(?P<digest>[0-9a-f]{64})")
_TOLERANCE_SECONDS = 300


def sign(body: bytes, secret: str, at: float | None = None) -> str:
    """
    The value of the header: a time, and the HMAC-SHA256 of that time and the body.
    """
    moment = str(int(time.time() if at is None else at))
    return f"t={moment},v1={_digest(moment, body, secret)}"


def is_genuine(body: bytes, secret: str, header: str) -> bool:
    """
    Whether the header was made with the secret, for this body, in the last minutes.
    """
    parts = _FORM.fullmatch(header)
    if parts is None or abs(time.time() - int(parts["moment"])) > _TOLERANCE_SECONDS:
        return False
    return hmac.compare_digest(parts["digest"], _digest(parts["moment"], body, secret))


def _digest(moment: str, body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
