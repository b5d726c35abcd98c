"""
Which container of which manifest is meant, as options or a target name it.
"""

from __future__ import annotations

from workerctl.report.records import Record


class Selection(Record):
    """
    The container whose settings are judged.

    `kind` is "compose" or "kubernetes", and `files` are the manifests, `-` for standard input.
    `name` is the service or `Kind/name` of the workload, None if there is only one that could be
    meant. `container` chooses one of several in a workload.
    """

    kind: str
    files: tuple[str, ...]
    name: str | None = None
    container: str | None = None
