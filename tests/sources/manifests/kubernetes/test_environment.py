"""
The environment of a container, with the line of each variable.
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
from workerctl.sources.manifests.containers import Container, Variable
from workerctl.sources.manifests.kubernetes.expansion import LONGEST

KEYS = secret("data:\n  api-key: c2stMQ==\n  token: dG9rZW4K\nstringData:\n  token: plain\n")
SETTINGS = config_map("data:\n  LOG_LEVEL: info\n  QUEUES: high,low\n")


def texts(container: Container) -> dict[str, str | None]:
    """
    Return the texts of the variables.
    """
    return {name: each.text for name, each in container.variables.items()}


def reference(name: str, kind: str, what: str) -> str:
    """
    Return an entry of `env` with a reference.
    """
    return f"  - name: {name}\n    valueFrom:\n      {kind}: {what}\n"


def test_a_value_is_at_its_line() -> None:
    """
    A value written in the manifest is in clear, also if it is empty.
    """
    text = worker("env:\n  - name: A\n    value: one\n  - {name: B, value: 'two'}\n  - name: C")

    assert judged(text).variables == {
        "A": Variable("one", judged(text).variables["A"].location, in_clear=True),
        "B": Variable("two", judged(text).variables["B"].location, in_clear=True),
        "C": Variable("", judged(text).variables["C"].location, in_clear=True),
    }
    assert str(judged(text).variables["A"].location) == f"<stdin>:{line_of(text, 'value: one')}"
    assert judged(text).variables["B"].location.line == line_of(text, "name: B")


@pytest.mark.parametrize("written", ["", "null", "~", '""', "''"])
def test_a_value_that_is_empty(written: str) -> None:
    """
    Null is the empty string, as kubectl and the API server read it.
    """
    assert texts(judged(worker(f"env:\n  - name: A\n    value: {written}"))) == {"A": ""}


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("3600", "number"),
        ("1.5", "number"),
        ("0o17", "number"),
        ("true", "boolean"),
        ("yes", "boolean"),
        ("Off", "boolean"),
        ("n", "boolean"),
    ],
)
def test_a_value_must_be_a_string(written: str, kind: str) -> None:
    """
    The API server refuses others; the text is used as it is written.
    """
    text = worker(f"env:\n  - name: A\n    value: {written}")
    found = read(text)

    problem = f"The value of A is a {kind}; Kubernetes accepts only strings. Quote the value."
    assert remarks(found) == [f"{line_of(text, 'value:')} {problem}"]
    assert texts(found.judged) == {"A": written}


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("{a: sk-live}", "is a map; Kubernetes accepts only strings"),
        ("[sk-live]", "is a list; Kubernetes accepts only strings"),
        ('"a\\0b"', "contains a NUL byte"),
        pytest.param(
            "x" * (LONGEST + 1),
            "is longer than 128 KiB, with which Linux starts no program",
            id="long",
        ),
    ],
)
def test_a_value_that_no_container_can_have(written: str, problem: str) -> None:
    """
    Such a variable has no text.
    """
    text = worker(f"env:\n  - name: A\n    value: {written}")
    found = read(text)

    assert remarks(found) == [f"{line_of(text, 'value:')} The value of A {problem}."]
    assert found.later == {"A": "a value that is not valid"}


def test_a_key_of_a_config_map() -> None:
    """
    The value is where the ConfigMap has it, and in clear.
    """
    text = worker(
        "env:\n" + reference("A", "configMapKeyRef", "{name: worker-env, key: LOG_LEVEL}"),
        SETTINGS,
    )
    found = judged(text).variables["A"]

    assert (found.text, found.in_clear) == ("info", True)
    assert found.location.line == line_of(text, "LOG_LEVEL: info")


def test_a_key_of_a_secret() -> None:
    """
    `stringData` is over `data`; the line is that of the value that counts.
    """
    entries = reference("A", "secretKeyRef", "{name: worker-keys, key: api-key}")
    entries += reference("B", "secretKeyRef", "{name: worker-keys, key: token}")
    text = worker(f"env:\n{entries}", KEYS)
    found = judged(text).variables

    assert [(each.text, each.in_clear) for each in found.values()] == [
        ("sk-1", False),
        ("plain", False),
    ]
    assert found["A"].location.line == line_of(text, "api-key: c2")
    assert found["B"].location.line == line_of(text, "token: plain")


def test_a_line_end_in_base64_stays() -> None:
    """
    `echo secret | base64` encodes a line end, which the container gets as well.
    """
    own = secret("data:\n  token: dG9rZW4K\n")
    text = worker("env:\n" + reference("A", "secretKeyRef", "{name: worker-keys, key: token}"), own)

    assert texts(judged(text)) == {"A": "token\n"}


@pytest.mark.parametrize(
    ("what", "source"),
    [
        ("configMapKeyRef: {name: other, key: a}", "key a of the ConfigMap other"),
        ("secretKeyRef: {name: other-keys, key: api-key}", "key api-key of the Secret other-keys"),
        (
            "secretKeyRef: {name: other, key: a, optional: true}",
            "optional key a of the Secret other",
        ),
        ("secretKeyRef: {name: sk-4fT9kQ2mX7vB, key: zQ8wE5rT1yU}", "a key of a Secret"),
        ("fieldRef: {fieldPath: metadata.name}", "metadata.name of the Pod"),
        ("fieldRef: {fieldPath: status.podIP}", "status.podIP of the Pod"),
        ("fieldRef: {fieldPath: \"metadata.labels['a']\"}", "metadata.labels of the Pod"),
        ("resourceFieldRef: {resource: limits.memory}", "limits.memory of the container"),
        ("fileKeyRef: {volumeName: v, path: p, key: k}", "a file that another container writes"),
    ],
)
def test_what_is_not_in_the_files_is_provided_at_deploy(what: str, source: str) -> None:
    """
    The source is named, if its name cannot be a secret, and the line is that of `valueFrom`.
    """
    text = worker(f"env:\n  - name: A\n    valueFrom:\n      {what}")
    found = judged(text).variables["A"]

    assert (found.text, found.source, found.in_clear) == (None, source, False)
    assert found.location.line == line_of(text, "valueFrom")


def test_a_key_that_an_object_lacks() -> None:
    """
    The container cannot start; a similar key is suggested.
    """
    entries = reference("A", "secretKeyRef", "{name: worker-keys, key: api-kee}")
    entries += reference("B", "configMapKeyRef", "{name: worker-env, key: zzz}")
    text = worker(f"env:\n{entries}", KEYS, SETTINGS)
    found = read(text)

    start = "The container cannot start: the"
    first = f"{start} Secret worker-keys has no key api-kee, to which A refers."
    assert remarks(found) == [
        f"{line_of(text, 'api-kee')} {first} Did you mean api-key?",
        f"{line_of(text, 'zzz')} {start} ConfigMap worker-env has no key zzz, to which B refers.",
    ]
    assert found.later["A"] == "key api-kee of the Secret worker-keys"


def test_a_key_that_is_optional() -> None:
    """
    A key that an object lacks leaves the variable as it is; an object may be there at deploy.
    """
    entries = "  - {name: A, value: before}\n"
    for name in ("A", "B"):
        what = "{name: worker-keys, key: none, optional: true}"
        entries += reference(name, "secretKeyRef", what)

    assert texts(judged(worker(f"env:\n{entries}", KEYS))) == {"A": "before"}
    assert texts(judged(worker(f"env:\n{entries}"))) == {"A": None, "B": None}


def test_binary_data_makes_no_variables() -> None:
    """
    The kubelet looks for variables in `data` only.
    """
    own = config_map("binaryData:\n  blob: YQ==\n")
    key = reference("A", "configMapKeyRef", "{name: worker-env, key: blob}")
    text = worker(f"envFrom:\n  - configMapRef: {{name: worker-env}}\nenv:\n{key}", own)
    found = read(text)

    problem = "the ConfigMap worker-env has no key blob, to which A refers."
    hint = "It is in binaryData, of which no variables are made: move it to data."
    assert remarks(found) == [
        f"{line_of(text, 'key: blob')} The container cannot start: {problem} {hint}"
    ]
    assert set(found.judged.variables) == {"A"}


def test_all_keys_of_an_object() -> None:
    """
    Each variable is at the line of its key, after the prefix.
    """
    text = worker(
        "envFrom:\n"
        "  - configMapRef: {name: worker-env}\n"
        "  - prefix: APP_\n    secretRef: {name: worker-keys}",
        SETTINGS,
        KEYS.replace("api-key", "API_KEY"),
    )
    found = judged(text)

    assert texts(found) == {
        "LOG_LEVEL": "info",
        "QUEUES": "high,low",
        "APP_API_KEY": "sk-1",
        "APP_token": "plain",
    }
    assert found.variables["QUEUES"].location.line == line_of(text, "QUEUES:")
    assert found.variables["APP_API_KEY"].location.line == line_of(text, "API_KEY:")
    assert [each.in_clear for each in found.variables.values()] == [True, True, False, False]


def test_an_object_that_is_not_in_the_files() -> None:
    """
    It is named as a source of further variables, at the line of its name.
    """
    text = worker(
        "envFrom:\n"
        "  - configMapRef:\n      name: one\n"
        "  - secretRef:\n      name: two\n      optional: true"
    )
    found = judged(text)

    assert [(each.value, each.location.line) for each in found.further] == [
        ("the ConfigMap one", line_of(text, "name: one")),
        ("the optional Secret two", line_of(text, "name: two")),
    ]


def test_a_key_that_is_not_a_name() -> None:
    """
    Older kubelets leave it out, and start the container.
    """
    own = config_map("data:\n  1ST: a\n  with-dash.dot: b\n")
    text = worker("envFrom:\n  - configMapRef: {name: worker-env}", own)

    assert texts(judged(text)) == {"with-dash.dot": "b"}
    assert remarks(read(text)) == []


def test_the_last_of_several_counts() -> None:
    """
    Later objects are over earlier ones, `env` is over `envFrom`, and later entries over earlier.
    """
    first = config_map("data:\n  A: first\n  B: first\n  C: first\n  D: first\n", "one")
    second = config_map("data:\n  B: second\n  C: second\n  D: second\n", "two")
    text = worker(
        "env:\n  - {name: C, value: third}\n"
        "  - {name: D, value: fourth}\n  - {name: D, value: fifth}\n"
        "envFrom:\n  - configMapRef: {name: one}\n  - configMapRef: {name: two}",
        first,
        second,
    )

    assert texts(judged(text)) == {"A": "first", "B": "second", "C": "third", "D": "fifth"}
    assert judged(text).variables["D"].location.line == line_of(text, "value: fifth")


def test_references_to_earlier_variables() -> None:
    """
    `$(NAME)` refers to what has been set before, by `envFrom` or above.
    """
    text = worker(
        "env:\n"
        "  - {name: A, value: $(LOG_LEVEL)}\n"
        "  - {name: B, value: $(A)-$(LATER)-$$(A)}\n"
        "  - {name: LATER, value: later}\n"
        "  - {name: A, value: $(A)$(A)}\n"
        "envFrom:\n  - configMapRef: {name: worker-env}",
        config_map("data:\n  LOG_LEVEL: info\n  RAW: $(LOG_LEVEL)\n"),
    )

    assert texts(judged(text)) == {
        "LOG_LEVEL": "info",
        "RAW": "$(LOG_LEVEL)",  # values of objects are not expanded
        "A": "infoinfo",
        "B": "info-$(LATER)-$(A)",
        "LATER": "later",
    }


def test_a_value_with_a_reference_to_a_secret() -> None:
    """
    It is not written in clear; if the Secret is not in the files, it is provided at deploy.
    """
    key = reference("PASSWORD", "secretKeyRef", "{name: worker-keys, key: token}")
    text = f"env:\n{key}  - name: URL\n    value: redis://:$(PASSWORD)@redis:6379/0"
    known, unknown = judged(worker(text, KEYS)), judged(worker(text))

    assert known.variables["URL"].text == "redis://:plain@redis:6379/0"
    assert not known.variables["URL"].in_clear
    assert unknown.variables["URL"].text is None
    assert unknown.variables["URL"].source == "key token of the Secret worker-keys"


def test_a_reference_to_what_another_object_may_set() -> None:
    """
    An object that is not in the files may set any variable whose name begins with its prefix.
    """
    text = worker(
        "env:\n  - {name: A, value: $(APP_X)}\n  - {name: B, value: $(X)}\n"
        "envFrom:\n  - prefix: APP_\n    secretRef: {name: elsewhere}"
    )

    assert judged(text).variables["A"].source == "the Secret elsewhere"
    assert judged(text).variables["B"].text == "$(X)"


SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: my-redis}
spec: {ports: [{port: 6379}]}
"""


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("MY_REDIS_SERVICE_HOST", "the Service my-redis"),
        ("MY_REDIS_SERVICE_PORT_QUEUE", "the Service my-redis"),
        ("MY_REDIS_PORT", "the Service my-redis"),
        ("MY_REDIS_PORT_6379_TCP_ADDR", "the Service my-redis"),
        ("DB_SERVICE_HOST", "a Service"),
        ("DB_PORT_5432_TCP", "a Service"),
        ("KUBERNETES_SERVICE_HOST", "a Service"),
        ("DB_PORT", None),
        ("MY_REDIS_HOST", None),
    ],
)
def test_a_reference_to_a_service(name: str, source: str | None) -> None:
    """
    The kubelet sets variables for each Service; those of other files have an unusual name.
    """
    text = worker(f"env:\n  - {{name: A, value: $({name})}}", SERVICE)
    found = judged(text).variables["A"]

    assert found.text == (None if source else f"$({name})")
    assert found.source == (source or "")


def test_a_service_without_variables() -> None:
    """
    A headless Service has no variables, and a Pod can go without those of Services.
    """
    entry = "env:\n  - {name: A, value: $(MY_REDIS_PORT)}"
    headless = SERVICE.replace("spec: {", "spec: {clusterIP: None, ")

    for text in (worker(entry, headless), worker(entry, SERVICE, pod="enableServiceLinks: false")):
        assert texts(judged(text)) == {"A": "$(MY_REDIS_PORT)"}


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{value: x}", "A variable does not have a valid name."),
        ("{name: '', value: x}", "A variable does not have a valid name."),
        ("{name: A=B, value: x}", "A variable does not have a valid name."),
        ("{name: é, value: x}", "A variable does not have a valid name."),
        ("{name: A, valueFrom: {}}", "The `valueFrom` of A does not name a source."),
        (
            "{name: A, valueFrom: {vaultRef: {x: y}}}",
            "The `valueFrom` of A does not name a source.",
        ),
        (
            "{name: A, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}",
            "A has both `value` and `valueFrom`.",
        ),
    ],
)
def test_an_entry_that_kubernetes_refuses(entry: str, problem: str) -> None:
    """
    Each is remarked at its line.
    """
    text = worker(f"env:\n  - {entry}")

    assert remarks(read(text)) == [f"{line_of(text, entry)} {problem}"]


def test_an_empty_value_gives_way_to_a_reference() -> None:
    """
    The API server accepts both if the value is empty.
    """
    what = "valueFrom: {secretKeyRef: {name: worker-keys, key: token}}"

    assert texts(judged(worker(f"env:\n  - {{name: A, value: '', {what}}}", KEYS))) == {
        "A": "plain"
    }


def test_no_name_that_may_be_a_secret_is_repeated() -> None:
    """
    Neither that of a variable nor that of a key.
    """
    text = worker(
        "env:\n  - {name: zQ8wE5rT1yU, value: 1}\n"
        "  - {name: xK9vB2nM4cD, valueFrom: {secretKeyRef: {name: worker-keys, key: hG3jL7pO0i}}}",
        KEYS,
    )
    shown = "\n".join(remarks(read(text)))

    assert "The value of a variable is a number" in shown
    assert not any(each in shown for each in ("zQ8wE5", "xK9vB2", "hG3jL7"))
