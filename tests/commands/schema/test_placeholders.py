"""
Every placeholder is one that ENV004 recognises, and that every reader of env files reads alike.
"""

import re

from hypothesis import given
from hypothesis import strategies as st
from pydantic import AmqpDsn, AnyUrl, HttpUrl, MongoDsn, PostgresDsn, RedisDsn
from pydantic.fields import FieldInfo

from workerctl.commands.schema.placeholders import placeholder, placeholder_url
from workerctl.sources.forms.placeholders.recognition import is_placeholder

_PLAIN = r"[A-Za-z0-9_./:@%+,=^?!*\[\]{}-]*"  # of workerctl/checks/files/dialects.py


@given(st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_.-]{0,30}\Z"), st.booleans())
def test_a_placeholder_is_recognised_whatever_its_name(name: str, secret: bool) -> None:
    """No name of a variable makes a placeholder that could be a value."""
    text = placeholder(name)

    assert is_placeholder(text, name, secret=secret)
    assert re.fullmatch(_PLAIN, text)


def test_a_url_has_the_scheme_that_its_field_accepts() -> None:
    """The scheme that encrypts is preferred, and is_placeholder recognises every URL."""
    made = {
        kind: placeholder_url("your-url", FieldInfo.from_annotation(kind))
        for kind in (AmqpDsn, AnyUrl, HttpUrl, MongoDsn, PostgresDsn, RedisDsn, int)
    }

    assert list(made.values()) == [
        "amqps://your-url",
        "https://your-url",
        "https://your-url",
        "mongodb://your-url",
        "postgresql://your-url",
        "rediss://your-url",
        "your-url",
    ]
    assert all(is_placeholder(text, "SERVICE_URL") for text in made.values())
    default = placeholder_url("your-url", FieldInfo.from_annotation(str), "redis://localhost")
    assert default == "rediss://your-url"
