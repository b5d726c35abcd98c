"""
What stands in a manifest: no secret, no image without a version, and nothing that is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from workerctl.checks.base import Check, Context, NotApplicable
from workerctl.report.findings import Finding, Severity
from workerctl.secrecy import urls
from workerctl.secrecy.credential_names import is_credential_name
from workerctl.secrecy.masking import has_credentials, may_show_name
from workerctl.sources.forms.placeholders.recognition import is_placeholder
from workerctl.sources.forms.urls.verification import OFF, ON

if TYPE_CHECKING:
    from workerctl.sources.manifests.containers import Manifest

NO_MANIFEST = "no manifest was read"

_REFERENCE = r"(?:\$?\{\{[^{}]*\}\}|\$\{[^{}]*\}|\$\([^()]*\))"
_OF_PATHS = frozenset({"DIR", "DIRECTORY", "FILE", "FILENAME", "FILES", "PATH", "PATHS"})
_WORD = r"(?:[A-Z]?[a-z]{1,20}[0-9]{0,2}|[A-Z]{1,20}[0-9]{0,2}|[0-9]{1,6})"
_WORDS = rf"\.?{_WORD}(?:[-_.]{_WORD})*"
_PATH = rf"(?:~|\.{{1,2}})?(?:/{_WORDS}){{2,}}/?|(?:~|\.{{1,2}})/{_WORDS}"
_FILE = r"(?:~|\.{1,2})?/\S*"
_PARAMETER = rf"[^=]*=(?:/?{_WORD}(?:[-_.:/,+]{_WORD})*|utf8mb[34])?"
_SIGNATURE = r"(?i)sig|code"


def manifest_of(context: Context) -> Manifest:
    """
    Return the manifest that was read. Raise NotApplicable without one.
    """
    if context.manifest is None:
        raise NotApplicable(NO_MANIFEST)
    return context.manifest


def secrets_are_not_written(context: Context) -> Iterator[Finding]:
    """
    No secret of the container is written in the manifest itself.

    The path of a file with a secret is not one, and neither is a reference such as `${NAME}`. A
    suppression accepts a single variable if its `field` is the name of the variable.

    Why: a manifest is committed, copied and rendered into logs. Anyone who can read the
    repository, or describe the container, has the secret.

    Fix: docker compose: `${NAME}` without a default, an env file that is not committed, or
    `secrets`. Kubernetes: `valueFrom.secretKeyRef`. Replace the secret: after a commit, treat it as
    leaked.
    """
    severity = context.by_environment(
        development=Severity.INFO, staging=Severity.ERROR, production=Severity.ERROR
    )
    manifest = manifest_of(context)
    names = context.values.names
    instead = "${NAME} without a default, an env file or secrets"
    if manifest.kind == "kubernetes":
        instead = "a Secret"
    for name, variable in manifest.judged.variables.items():
        text = variable.text
        if not text or not variable.in_clear or severity is None:
            continue
        found = names.resolve(name)
        field = None if found is None else found[0]
        is_secret = names.is_secret(field) if field else _may_be_secret(name, text)
        if not _holds_secret(name, text, is_secret=is_secret):
            continue
        if is_placeholder(text, name, secret=True):
            continue
        shown = field or (name if may_show_name(name, names.fields) else None)
        yield Finding(
            code="DEP008",
            severity=severity,
            message=f"{shown or 'A variable'} is a secret, and is written in the manifest.",
            hint=f"Use {instead}, and replace the secret.",
            fields=() if shown is None else (shown,),
            location=variable.location,
        )


def _may_be_secret(name: str, text: str) -> bool:
    """
    Return whether a variable that no setting reads is secret, by its name.
    """
    is_switch = text.lower() in ON | OFF  # ALLOW_EMPTY_PASSWORD=yes
    return is_credential_name(name) and not is_switch


def _holds_secret(name: str, text: str, *, is_secret: bool) -> bool:
    """
    Return whether a value has a secret in it, neither where it is nor what is to replace it.

    That is the value of a secret variable, or a password or a token in a URL of any variable.
    """
    if "://" in text:
        return _url_holds_secret(text) and (is_secret or "@" in text or "?" in text)
    if not is_secret or _is_path(name, text):
        return False
    rest = re.sub(_REFERENCE, "", text).strip()
    if not rest:
        return False
    from workerctl.sources.forms.references import Holds, recognised  # few values come this far

    return recognised(rest, name, Holds.SECRET) is None


def _is_path(name: str, text: str) -> bool:
    """
    Return whether a value is the path of a file, by its form, or the form and the variable's name.
    """
    if name.upper().rpartition("_")[2] in _OF_PATHS:
        return re.fullmatch(f"{_FILE}|{_WORDS}(?:/{_WORDS})*", text) is not None
    return re.fullmatch(_PATH, text) is not None


def _url_holds_secret(text: str) -> bool:
    """
    Return whether a URL has a password or a token in it; a reference to one is not one.
    """
    text = re.sub(rf":{_REFERENCE}+@", "@", text)
    text = re.sub(rf"([?&])[^?&=#]*={_REFERENCE}+(?=[&#]|$)", r"\1", text)
    text = re.sub(_REFERENCE, "0", text)  # valid as a host and as a port
    parts = urls.split(text)
    if parts is None:
        return has_credentials(text)
    without_query = parts._replace(query="").geturl()
    parameters = filter(None, re.split("[&;]", parts.query))
    return has_credentials(without_query) or any(map(_is_secret_parameter, parameters))


def _is_secret_parameter(parameter: str) -> bool:
    """
    Return whether a part of a query may be secret: unless it is like `sslmode=require`.
    """
    name = parameter.partition("=")[0]
    if is_credential_name(name) or re.search(_SIGNATURE, name):
        return True
    return re.fullmatch(_PARAMETER, parameter) is None


def image_has_a_version(context: Context) -> Iterator[Finding]:
    """
    Every image of a worker has a version: a tag other than `latest`, or a digest.

    Why: `latest` is another image tomorrow. A node that restarts the worker may run other code than
    its web application, and a rollback brings nothing back. An image that is built in place, or is
    never pulled, is not judged.

    Fix: use a tag that is built once, or a digest.
    """
    judged = manifest_of(context).judged
    if judged.image is None or judged.is_local:
        return
    last = judged.image.value.rpartition("/")[2]
    tag = re.search(r"[:@](.*)", last)
    if "$" not in last and (tag is None or tag[1] == "latest"):
        yield Finding(
            code="DEP009",
            severity=Severity.INFO,
            message=f"The image of {judged.name} has no fixed version.",
            hint="Use a tag that is built once, or a digest.",
            location=judged.image.location,
        )


def platform_accepts(context: Context) -> Iterator[Finding]:
    """
    Docker compose or Kubernetes accepts the manifest and can start the container.

    Why: a value that is not a string, or a reference to a key that a Secret does not have, stops
    the deploy, or leaves the container waiting.

    Fix: correct the line that the finding points to.
    """
    for remark in manifest_of(context).remarks:
        yield Finding(
            code="DEP010",
            severity=Severity.ERROR,
            message=remark.value,
            hint=remark.hint or "Correct the manifest.",
            location=remark.location,
        )


DEP008 = Check(
    "DEP008", "No secret is written in the manifest", secrets_are_not_written, deploy=True
)
DEP009 = Check("DEP009", "The image of the worker has a version", image_has_a_version, deploy=True)
DEP010 = Check("DEP010", "The platform accepts the manifest", platform_accepts, deploy=True)
