"""
Plain scalars have the kinds that kubectl gives them.

`observed.json` has what kubectl 1.32 made of each; it refuses the infinite numbers.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.programs import kubectl
from workerctl.report.errors import SourceError
from workerctl.sources.manifests import documents
from workerctl.sources.manifests.documents import Node
from workerctl.sources.manifests.kubernetes.scalars import is_true, kind_of, text_of, whole

OBSERVED: dict[str, str] = json.loads(Path(__file__).with_name("observed.json").read_text("utf-8"))
_KINDS = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
_PIECES = [*"01789_.eE+-xXbo", "0x", "1e", "inf", "nan", "yes", "on", "true", "~", "null", "y"]


def value(written: str) -> Node:
    """
    Return the value of a document with one entry.
    """
    (document,) = documents.parse(f"a: {written}\n", "x.yaml")
    found = document.get("a")
    assert found is not None
    return found


@pytest.mark.parametrize(("written", "kind"), OBSERVED.items(), ids=OBSERVED)
def test_a_plain_scalar_has_the_kind_of_yaml_1_1(written: str, kind: str) -> None:
    """
    `yes` is a boolean and `0o17` a number, but `12:30` is a string.
    """
    assert kind_of(value(written)) == kind
    assert text_of(value(written)) == ("" if kind == "null" else written)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("'yes'", "string"),
        ('"1"', "string"),
        ("|\n  1", "string"),
        (">-\n  true", "string"),
        ("!!str 1", "string"),
        ("!!int '1'", "number"),
        ("!!bool 'true'", "boolean"),
        ("''", "string"),
        ("", "null"),
        ("[]", "list"),
        ("{}", "map"),
    ],
)
def test_quotation_marks_and_tags_decide(written: str, kind: str) -> None:
    """
    What is quoted is a string, and a tag counts.
    """
    assert kind_of(value(written)) == kind


def test_truth_and_whole_numbers() -> None:
    """
    A flag is a boolean without quotation marks, and a number of seconds has no fraction.
    """
    assert [is_true(value(each)) for each in ("true", "yes", "'true'", "no", "1")] == [
        *(True, True, False, False, False)
    ]
    assert [whole(value(each)) for each in ("30", "-1", "'30'", "3.0", "1e3", "010", "9" * 30)] == [
        *(30, -1, None, None, None, None, None)
    ]


@pytest.mark.skipif(not kubectl.is_installed(), reason="kubectl is not installed")
@given(st.lists(st.lists(st.sampled_from(_PIECES), max_size=5).map("".join), max_size=30))
def test_generated_scalars_have_the_kinds_of_kubectl(texts: list[str]) -> None:
    """
    As `kubectl label --local` prints them.
    """
    lines = [f"  k{at}: {text}" for at, text in enumerate(texts)]
    body = "\n".join(["apiVersion: x/v1", "kind: X", "metadata: {name: x}", "spec: ", *lines])
    theirs = kubectl.parsed(body)
    if theirs is None:  # it refuses infinite numbers
        return
    try:
        (document,) = documents.parse(body, "x.yaml")
    except SourceError:
        pytest.fail("kubectl accepts the document")
    for name, given_value in (theirs["spec"] or {}).items():
        node = document.get("spec", name)
        assert node is not None
        assert (node.value, kind_of(node)) == (node.value, _KINDS[type(given_value)])
