"""
The data of ConfigMaps and Secrets, and of what becomes a Secret in the cluster.
"""

import pytest

from tests.sources.manifests.kubernetes.samples import (
    config_map,
    judged,
    line_of,
    read,
    remarks,
    secret,
    worker,
)
from tests.support.programs import kubectl

ALL = "envFrom:\n  - configMapRef: {name: worker-env}"
ALL_KEYS = "envFrom:\n  - secretRef: {name: worker-keys}"
SEALED = """\
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: worker-keys}
spec:
  encryptedData:
    API_KEY: AgBy3i4OJSWK
  template:
    data:
      URL: redis://{{ .password }}
"""
EXTERNAL = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: from-vault}
spec:
  target: {name: worker-keys}
  data:
    - secretKey: API_KEY
      remoteRef: {key: worker}
"""


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("4", "is a number; Kubernetes accepts only strings. Quote the value"),
        ("yes", "is a boolean; Kubernetes accepts only strings. Quote the value"),
        ("[a]", "is a list; Kubernetes accepts only strings"),
    ],
)
def test_a_config_map_has_only_strings(written: str, problem: str) -> None:
    """
    The API server refuses the object, whichever of its keys is used.
    """
    text = worker(ALL, config_map(f"data:\n  GOOD: a\n  BAD: {written}\n"))
    found = read(text)

    assert remarks(found)[0] == (
        f"{line_of(text, 'BAD')} Key BAD of the ConfigMap worker-env {problem}."
    )
    assert found.texts["GOOD"] == "a"
    assert found.texts.get("BAD") == (None if "[" in written else written)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("YQ==", "a"),
        ("YQo=", "a\n"),
        ("''", ""),
        ("null", ""),
        ("|\n    YQ\n    ==", "a"),
        ('"YQ==\\r\\n"', "a"),
        ("w6k=", "é"),
        ("YR==", "a"),  # the bits after the last byte do not count
        ("YQ=", None),
        ("YQ", None),
        ("Y Q==", None),
        ("YQ==YQ==", None),
        ("_-8=", None),
        ("plain-text", None),
        ("12345678", None),
    ],
)
def test_base64(written: str, text: str | None) -> None:
    """
    Line ends are ignored, and nothing else is; kubectl agrees where it is installed.
    """
    own = secret(f"data:\n  A: {written}\n")
    found = read(worker(ALL_KEYS, own))

    assert found.texts == ({} if text is None else {"A": text})
    assert bool(found.remarks) == (text is None)
    if kubectl.is_installed():
        assert bool(kubectl.refusal(own)) == (text is None)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("data:\n  A: c2VjcmV0*\n", "is not valid base64; Kubernetes refuses the object"),
        ("data:\n  A: 12345678\n", "is not a string; Kubernetes accepts only base64"),
        ("data:\n  A: /+8=\n", "is not UTF-8 text"),
        ("data:\n  A: YQBi\n", "contains a NUL byte"),
        ('stringData:\n  A: "a\\0b"\n', "contains a NUL byte"),
    ],
)
def test_a_value_that_no_variable_can_have(data: str, problem: str) -> None:
    """
    It is remarked without a part of it, and the variable has no text.
    """
    text = worker(ALL_KEYS, secret(data))
    found = read(text)

    line = line_of(text, " A: ")
    assert remarks(found)[0] == f"{line} Key A of the Secret worker-keys {problem}."
    assert found.later == {"A": "key A of the Secret worker-keys"}


@pytest.mark.parametrize(
    ("own", "kind"), [(SEALED, "SealedSecret worker-keys"), (EXTERNAL, "ExternalSecret from-vault")]
)
def test_an_object_that_becomes_a_secret(own: str, kind: str) -> None:
    """
    Its keys are known, and its values are provided at deploy.
    """
    text = worker(
        f"{ALL_KEYS}\nenv:\n"
        "  - {name: B, valueFrom: {secretKeyRef: {name: worker-keys, key: API_KEY}}}\n"
        "  - {name: C, valueFrom: {secretKeyRef: {name: worker-keys, key: API_KEE}}}",
        own,
    )
    found = read(text)

    assert found.later["API_KEY"] == found.later["B"] == f"key API_KEY of the {kind}"
    assert found.location("API_KEY").line == line_of(text.partition("env:")[0], "API_KEY")
    assert len(found.remarks) == 1
    assert "has no key API_KEE, to which C refers." in found.remarks[0].value
    assert found.remarks[0].hint == "Did you mean API_KEY?"
    assert found.judged.further == ()


def test_an_external_secret_with_keys_that_only_its_store_knows() -> None:
    """
    Further variables may come from it, and no key is missing.
    """
    own = EXTERNAL.replace("  data:\n", "  dataFrom:\n    - extract: {key: all}\n  data:\n")
    key = "  - {name: C, valueFrom: {secretKeyRef: {name: worker-keys, key: other}}}"
    found = judged(worker(f"{ALL_KEYS}\nenv:\n{key}", own))

    assert [each.value for each in found.further] == ["the Secret worker-keys"]
    assert found.variables["C"].source == "key other of the Secret worker-keys"


def test_a_secret_that_sops_encrypts() -> None:
    """
    What is encrypted is provided at deploy; the rest is as it is written.
    """
    own = secret(
        "stringData:\n  A: ENC[AES256_GCM,data:8Xq2,iv:zz,type:str]\n  B: plain\n"
        "data:\n  C: ENC[AES256_GCM,data:8Xq3,iv:zz,type:str]\nsops:\n  version: 3.9.0\n"
    )
    found = judged(worker(ALL_KEYS, own)).variables

    assert {name: each.text for name, each in found.items()} == {"A": None, "B": "plain", "C": None}
    assert found["A"].source == "key A of the Secret worker-keys, which SOPS decrypts"


def test_objects_of_another_namespace_are_not_found() -> None:
    """
    No namespace is the same as "default".
    """
    own = config_map("data: {A: x}\n").replace(
        "name: worker-env", "name: worker-env\n  namespace: "
    )

    assert judged(worker(ALL, f"{own}".replace("namespace: ", "namespace: default"))).variables
    found = judged(worker(ALL, f"{own}".replace("namespace: ", "namespace: other")))
    assert not found.variables
    assert [each.value for each in found.further] == ["the ConfigMap worker-env"]


def test_the_last_of_several_objects_counts() -> None:
    """
    `kubectl apply` overwrites the first.
    """
    text = worker(ALL, config_map("data: {A: one}\n"), config_map("data: {A: two}\n"))
    found = read(text)

    assert found.texts == {"A": "two"}
    assert [each.value for each in found.remarks] == [
        "The ConfigMap worker-env is declared more than once; the last declaration counts."
    ]
