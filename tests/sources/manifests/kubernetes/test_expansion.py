"""
`$(NAME)` is expanded as the kubelet does.
"""

import pytest

from workerctl.sources.manifests.kubernetes.expansion import LONGEST, expand

VARIABLES = {"ONE": "1", "TWO": "2", "EMPTY": "", "OTHER": "$(ONE)"}
# What the kubelet makes of each text; most differ from what a shell would make.
CASES = {
    # References
    "$(ONE)": "1",
    "$(ONE)$(ONE)": "11",
    "a $(ONE), b $(TWO)": "a 1, b 2",
    "[$(EMPTY)]": "[]",
    "%$(TWO)%": "%2%",
    "\\$(ONE)": "\\1",
    "\\\\$(ONE)": "\\\\1",
    # A value is not expanded again
    "$(OTHER)": "$(ONE)",
    "$(OTHER)$(OTHER)": "$(ONE)$(ONE)",
    # Unknown names stay
    "$(NONE)": "$(NONE)",
    "$()": "$()",
    "$( ONE )": "$( ONE )",
    "$(NONE$$X)": "$(NONE$$X)",
    # Escapes
    "$$": "$",
    "$$(ONE)": "$(ONE)",
    "$$ONE": "$ONE",
    "$$(ONE)$(TWO)": "$(ONE)2",
    "$$$(ONE)": "$1",
    "$$$$(ONE)": "$$(ONE)",
    "$$$$$(ONE)": "$$1",
    "$$$(NONE)": "$$(NONE)",
    # Nested ones end at the first bracket
    "$(ONE$(TWO))": "$(ONE$(TWO))",
    "$(ONE$(TWO)": "$(ONE$(TWO)",
    # What is not complete
    "$": "$",
    "1$": "1$",
    "$(": "$(",
    "$(ONE": "$(ONE",
    "$(ONE)$(": "1$(",
    "$($($(": "$($($(",
    "$(ONE) $$(": "1 $(",
    "$$)$$": "$)$",
    # Not a reference
    "$ONE": "$ONE",
    "${ONE}": "${ONE}",
    "(ONE)": "(ONE)",
    "$ONE)": "$ONE)",
    "$?$!$#": "$?$!$#",
    "\n": "\n",
    "": "",
}


@pytest.mark.parametrize(("text", "expanded"), CASES.items(), ids=map(repr, CASES))
def test_a_text_is_expanded_as_the_kubelet_does(text: str, expanded: str) -> None:
    """
    References to known names are replaced, `$$` is a dollar sign, and all else stays.
    """
    assert expand(text, VARIABLES.get) == expanded


def test_a_result_is_bounded() -> None:
    """
    A value that is longer than Linux accepts is not made.
    """
    half = "x" * (LONGEST // 2)

    assert expand("$(A)$(A)", {"A": half}.get) == half * 2
    assert expand("$(A)$(A)x", {"A": half}.get) is None
    assert expand("$(A)" * 300_000, {"A": half}.get) is None


def test_many_incomplete_references_take_linear_time() -> None:
    """
    A closing bracket is not searched for from each `$(`.
    """
    text = "$(" * 60_000

    assert expand(text, VARIABLES.get) == text
    assert expand(f"{text})", VARIABLES.get) == f"{text})"
