"""
What stands in a manifest: no secret, no image without a version, and nothing that is refused.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from workerctl.checks.base import Check, Context, NotApplicable
from workerctl.report.findings import Finding, Severity
from workerctl.secrecy.credential_names import is_credential_name
from workerctl.secrecy.masking import has_credentials, may_show_name
from workerctl.secrecy.typed import may_repeat
from workerctl.sources.forms.placeholders.recognition import is_placeholder
from workerctl.sources.forms.urls.verification import OFF, ON

if TYPE_CHECKING:
    from workerctl.sources.manifests.containers import Manifest

NO_MANIFEST = "no manifest was read"


def manifest_of(context: Context) -> "Manifest":
    """
    Return the manifest that was read. Raise NotApplicable without one.
    """
    if context.manifest is None:
        raise NotApplicable(NO_MANIFEST)
    return context.manifest


def secrets_are_not_written(context: Context) -> Iterator[Finding]:
    """
    No secret of the container is written in the manifest itself.

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
        if "://" in text:
            is_secret = has_credentials(text)
        if not is_secret or is_placeholder(text, name, secret=True):
            continue
        shown = field or (name if may_show_name(name) else "A variable")
        yield Finding(
            code="DEP008",
            severity=severity,
            message=f"{shown} is a secret, and is written in the manifest.",
            hint=f"Use {instead}, and replace the secret.",
            fields=() if field is None else (field,),
            location=variable.location,
        )


def _may_be_secret(name: str, text: str) -> bool:
    """
    Return whether a variable that no setting reads holds a secret, by its name and its value.
    """
    is_switch = text.lower() in ON | OFF  # ALLOW_EMPTY_PASSWORD=yes
    is_path = text.startswith("/") and may_repeat(text)
    return is_credential_name(name) and not is_switch and not is_path


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
            hint="Correct the manifest.",
            location=remark.location,
        )


DEP008 = Check(
    "DEP008", "No secret is written in the manifest", secrets_are_not_written, deploy=True
)
DEP009 = Check("DEP009", "The image of the worker has a version", image_has_a_version, deploy=True)
DEP010 = Check("DEP010", "The platform accepts the manifest", platform_accepts, deploy=True)
