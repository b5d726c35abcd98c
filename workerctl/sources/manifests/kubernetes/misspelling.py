"""
Misspelled keys of objects, which kubectl refuses.
"""

from workerctl.sources.manifests.containers import Fact
from workerctl.sources.manifests.documents import Node
from workerctl.sources.manifests.keys import misspelled


def corrected(node: Node, known: frozenset[str], what: str) -> tuple[Node, list[Fact[str]]]:
    """
    Return a mapping with its misspelled keys as they are meant, and a remark on each of them.

    The rest is judged as if they were right. `what` is what the keys belong to, in words.
    """
    entries = dict(node.entries)
    wrong = misspelled(entries, known)
    if not wrong:
        return node, []
    remarks = [
        Fact(
            f"kubectl refuses the key {key} of the {what}.",
            entries[key].location,
            f"Did you mean {meant}?",
        )
        for key, meant in wrong.items()
    ]
    for key, meant in wrong.items():
        entries.setdefault(meant, entries[key])
    return node.replace(value=entries), remarks
