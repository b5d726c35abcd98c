"""
`--diff-from REV`: which findings are in files that have changed since a revision.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from workerctl.checks.files.git import Answer, ask_git
from workerctl.report.errors import UsageError
from workerctl.report.findings import Finding
from workerctl.report.records import Record
from workerctl.report.results import Report
from workerctl.secrecy.typed import named

_LINK = b"120000"


class Revision(Record):
    """
    A commit of the work tree at `root`, and the revision by which the user named it.
    """

    root: Path
    commit: str
    shown: str


def revision(name: str) -> Revision:
    """
    Return the commit that a revision names in the work tree of the working directory.

    Raises UsageError if there is no such revision, no work tree or no git.
    """
    unknown = UsageError(
        f"{named(name, 'The revision')}, given with --diff-from, does not name a commit.",
        "Name a branch, a tag or a commit; a shallow clone has to fetch it first.",
    )
    if name.startswith(("-", "^")) or "\0" in name:  # git would read an option, or its opposite
        raise unknown
    here = Path.cwd()
    commit = _answered(
        ask_git(here, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"), unknown
    )
    inside = UsageError("--diff-from needs a work tree of git.", "Change to one.")
    root = _answered(ask_git(here, "rev-parse", "--show-toplevel"), inside)
    if not root:
        raise inside
    return Revision(Path(os.path.realpath(root)), commit, named(name, "the given revision"))


def _answered(answer: Answer | str, refusal: UsageError) -> str:
    if isinstance(answer, str):
        raise UsageError(f"--diff-from cannot be used: {answer}.", "Drop it, or run in a clone.")
    if answer.status != 0:
        raise refusal
    return os.fsdecode(answer.output.removesuffix(b"\n"))


def with_unchanged(report: Report, since: Revision) -> Report:
    """
    Return the report with those findings marked that are not in a file that has changed.

    A file has changed if the revision has no file with the same path and content. Therefore one
    that git ignores has changed, too. Raises UsageError if git cannot read the revision.
    """
    changed: dict[str, bool] = {}

    def marked(finding: Finding) -> Finding:
        if finding.state != "open":
            return finding
        for file in _paths(finding):
            if file not in changed:
                changed[file] = has_changed(file, since)
            if changed[file]:
                return finding
        return finding.replace(aside="unchanged")

    results = tuple(
        result.replace(findings=tuple(map(marked, result.findings))) for result in report.results
    )
    made = report.replace(results=results)
    count = len(list(made.findings("unchanged")))
    if not count:
        return made
    subject = "1 finding" if count == 1 else f"{count} findings"
    note = f"{subject} in files that have not changed since {since.shown}."
    return made.replace(notes=(*made.notes, note))


def _paths(finding: Finding) -> list[str]:
    """
    Return the file of a finding, or the files of such a source as "toml file a.toml, b.toml".
    """
    location = finding.location
    if location is None or location.file is None:
        return []
    if location.source != "other":
        return [location.file]
    return location.file.rpartition(" file ")[2].split(", ")


def has_changed(file: str, since: Revision) -> bool:
    """
    Return whether a file differs from the revision; False for one outside the work tree.

    A link has changed if it or its target has.
    """
    directory, name = os.path.split(os.path.abspath(file))  # noqa: PTH100 -- links are kept
    as_named = os.path.join(os.path.realpath(directory), name)  # noqa: PTH118 -- a text
    paths = {Path(as_named), Path(os.path.realpath(file))}
    return any(_differs(path, since) for path in paths if path.is_relative_to(since.root))


def _differs(path: Path, since: Revision) -> bool:
    """
    Compare a file with the revision by its hash: `git diff` would run the filters of the work tree.
    """
    if not os.path.lexists(path):
        return False
    relative = path.relative_to(since.root).as_posix()
    answer = ask_git(since.root, "ls-tree", "-z", since.commit, "--", relative)
    if isinstance(answer, str) or answer.status != 0:
        raise UsageError("git cannot read the revision of --diff-from.", "Check the clone.")
    mode, _, rest = answer.output.partition(b" ")
    blob = rest.partition(b"\t")[0].rpartition(b" ")[2].decode("ascii")
    if not blob or (mode == _LINK) != path.is_symlink():
        return True
    content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
    # git may have converted the line ends when it wrote the file.
    return blob not in {_hash(content, blob), _hash(content.replace(b"\r\n", b"\n"), blob)}


def _hash(content: bytes, like: str) -> str:
    """
    Return the hash that git gives to a file, with the algorithm of another hash.
    """
    algorithm = hashlib.sha256 if len(like) == hashlib.sha256().digest_size * 2 else hashlib.sha1
    return algorithm(b"blob %d\0" % len(content) + content).hexdigest()
