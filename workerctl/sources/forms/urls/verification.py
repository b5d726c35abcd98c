"""
Query parameters and settings that switch off TLS or the check of the server's certificate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workerctl.sources.forms.urls.faults import Effect, Fault, may_be_switch
from workerctl.sources.forms.urls.hosts import is_loopback
from workerctl.sources.forms.urls.parts import Parts

OFF = frozenset({"0", "false", "no", "off", "n", "f", "none", "cert_none", "never", "disabled"})
ON = frozenset({"1", "true", "yes", "on", "y", "t"})

# Names are compared in lower case and without `-` and `_`.
_CHECKS = frozenset(
    [
        "sslcertreqs",
        "sslcheckhostname",
        "checkhostname",
        "verify",
        "verifycert",
        "verifycerts",
        "verifyhostname",
        "verifypeer",
        "verifyssl",
        "verifytls",
        "sslverify",
        "sslverifycert",
        "sslverifyidentity",
        "sslverifypeer",
        "sslverification",
        "tlsverify",
        "tlsverification",
        "tlsverifypeer",
        "validatecertificate",
        "validatecertificates",
    ]
)
_EXCEPTIONS = frozenset(
    [
        "allowinvalidcertificates",
        "insecure",
        "insecureskipverify",
        "noverifyssl",
        "skipverify",
        "sslinsecure",
        "sslskipverify",
        "tlsallowinvalidcertificates",
        "tlsallowinvalidhostnames",
        "tlsinsecure",
        "tlsinsecureskipverify",
        "tlsskipverify",
        "trustservercertificate",
    ]
)
_TLS = frozenset({"encrypt", "ssl", "sslmode", "tls", "usessl", "usetls"})
_WEB = frozenset({"http", "https", "ws", "wss"})  # the scheme alone decides about TLS
_WITHOUT_TLS = OFF | {"disable", "allow", "prefer", "preferred", "optional"}

_SUBJECTS = frozenset(
    ["CERT", "CERTS", "CERTIFICATE", "CERTIFICATES", "HOSTNAME", "HTTPS", "PEER", "SSL", "TLS"]
)
_VERBS = frozenset(["VERIFY", "VERIFICATION", "VALIDATE", "VALIDATION"])
_NEGATIONS = frozenset(["DISABLE", "IGNORE", "NO", "SKIP"])
_ENDS = _SUBJECTS | _VERBS | {"CHECK", "ENABLED", "ERRORS", "INSECURE", "MODE"}
_POSITIVE = (
    "CERT_REQS",
    "CHECK_HOSTNAME",
    "HTTP_VERIFY",
    "HTTPX_VERIFY",
    "REJECT_UNAUTHORIZED",
    "REQUESTS_VERIFY",
    "STRICT_SSL",
)


def faults(parts: Parts) -> Iterator[Fault]:
    """
    Yield a fault for each parameter that leaves a connection to another machine unprotected.
    """
    if not parts.query or all(not host or is_loopback(host) for host in parts.names_of_hosts()):
        return
    for name, value in parts.pairs():
        squeezed = name.lower().replace("-", "").replace("_", "")
        word = value.strip().lower()
        shown = name if name.isascii() else squeezed
        if (squeezed in _CHECKS and word in OFF) or (squeezed in _EXCEPTIONS and word in ON):
            what = f"switches off the check of the server's certificate by `{shown}`"
            hint = f"Remove `{shown}`, and name the certificate authority if it is your own."
            yield Fault(Effect.UNVERIFIED, what, hint, shown)
        elif squeezed in _TLS and word in _WITHOUT_TLS and parts.scheme not in _WEB:
            verb = "asks for" if word in OFF | {"disable"} else "allows"
            what = f"{verb} a connection without encryption by `{shown}`"
            yield Fault(Effect.UNENCRYPTED, what, _stricter(parts, shown, squeezed), shown)


def switches_off(name: str, text: str) -> bool:
    """
    Return whether a setting, such as VERIFY_SSL=false, switches off the check of certificates.
    """
    upper = name.upper().replace("-", "_").replace(".", "_")
    if not may_be_switch(upper):
        return False
    word = text.strip().lower()
    words = re.sub("(SSL|TLS|HTTPS?)(?=VERIF)|VERIFY(?=SSL|TLS)", r"_\g<0>_", upper).split("_")
    words = [each for each in words if each]
    if word in OFF and upper.endswith(_POSITIVE):
        return True
    if not words or words[-1] not in _ENDS:
        return False
    return _turns_checks_on(set(words)) if word in OFF else word in ON and _turns_off(words)


def _turns_checks_on(words: set[str]) -> bool:
    is_check = not words.isdisjoint(_VERBS) and not words.isdisjoint(_SUBJECTS)
    return is_check and words.isdisjoint(_NEGATIONS | {"INSECURE"})


def _turns_off(words: list[str]) -> bool:
    known = set(words)
    if words[-1] == "INSECURE" or {"INSECURE", "SKIP"} <= known:
        return True
    if known.isdisjoint(_SUBJECTS):
        return False
    if not known.isdisjoint(_NEGATIONS):
        return not known.isdisjoint(_VERBS | {"CHECK", "ERRORS"})
    return {"ALLOW", "INVALID"} <= known or {"TRUST", "ALL"} <= known


def _stricter(parts: Parts, name: str, squeezed: str) -> str:
    """
    Return what to write: `sslmode` has the words of libpq or those of MySQL, whatever the scheme.
    """
    if squeezed == "sslmode" and (name != squeezed or parts.kind in {"mysql", "mariadb"}):
        word = "VERIFY_IDENTITY"
    elif squeezed == "sslmode" or parts.kind in {"postgres", "postgresql"}:
        word = "require` or `verify-full"
    else:
        word = "true"
    return f"Write `{name}={word}`."
