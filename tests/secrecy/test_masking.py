"""
Tests of masking: which parts of a URL and of a text are shown.
"""

import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.leaks.oracle import PIECE, Mint
from workerctl.secrecy.masking import (
    MASK,
    has_credentials,
    is_conventional_name,
    is_like_secret,
    printable,
    show_url,
)

MINT = Mint(1)


@pytest.mark.parametrize(
    ("name", "conventional"),
    [
        ("AB", True),
        ("A1_", True),
        ("A" + "B" * 39, True),
        ("A", False),
        ("A" + "B" * 40, False),
        ("", False),
        ("1A", False),
        ("_A", False),
        ("Ab", False),
        ("A-B", False),
        ("AB\n", False),
        ("A\u0661", False),
        ("\u00c4B", False),
    ],
)
def test_only_conventional_names_are_printed(name: str, conventional: bool) -> None:
    """
    Only 2 to 40 capitals, digits and underscores are a conventional name; others may be secrets.
    """
    assert is_conventional_name(name) is conventional


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain text, 100 %", "plain text, 100 %"),
        ("\uc774\ub825\uc11c \u00e9\u20ac", "\uc774\ub825\uc11c \u00e9\u20ac"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x1b]0;x\x07", "\\x1b]0;x\\x07"),
        ("\x00\x7f\x85", "\\x00\\x7f\\x85"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2028b\u2029", "a\\u2028b\\u2029"),
        ("\u200b\ufeff\u00ad", "\\u200b\\ufeff\\xad"),
        ("\udcff", "\\udcff"),
        ("\ue000\u0378", "\\ue000\\u0378"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_invisible_characters_are_escaped(text: str, shown: str) -> None:
    """Control, direction, invisible and undecodable characters are escaped; letters are kept."""
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_printable_text_is_one_line_that_any_terminal_takes(text: str) -> None:
    """
    Printable text has no control character, line end or surrogate, and the function is idempotent.
    """
    shown = printable(text)

    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs"}
    assert len(shown.splitlines()) <= 1
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("url", "secret", "public"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("redis://:pw@h:6379/0", f"redis://{MASK}@h:6379/0", "redis://h:6379/0"),
        ("rediss://u:pw@h/999", f"rediss://{MASK}@h/999", "rediss://h/999"),
        ("rediss://u:pw@h/1000", f"rediss://{MASK}@h/{MASK}", "rediss://h/1000"),
        ("redis://h/0?password=x", f"redis://h/0/{MASK}", "redis://h/0"),
        ("redis://h/0#x", f"redis://h/0/{MASK}", "redis://h/0"),
        ("https://h", "https://h", "https://h"),
        ("https://h/", "https://h/", "https://h/"),
        ("https://h/?t=x", f"https://h/{MASK}", "https://h/"),
        ("https://h//", "https://h/", "https://h//"),
        ("https://h/T0/B0/x", f"https://h/{MASK}", "https://h/T0/B0/x"),
        ("https://h/\u0661", f"https://h/{MASK}", "https://h/\u0661"),
        ("https://k@o1.ingest.example/42", f"https://{MASK}@o1.ingest.example/42", None),
        ("https://[::1]:8443/v1", f"https://[::1]:8443/{MASK}", "https://[::1]:8443/v1"),
        ("https://[::1]", "https://[::1]", "https://[::1]"),
        ("unix:///run/redis.sock?db=0", f"unix://{MASK}", "unix:///run/redis.sock"),
        ("http://a@b@h/", f"http://{MASK}@h/", "http://h/"),
    ],
)
def test_a_url_keeps_its_public_parts(url: str, secret: str, public: str | None) -> None:
    """
    Userinfo, query and fragment are never shown; the path of a secret URL only if it is a number.
    """
    assert show_url(url, secret=True) == secret
    assert public is None or show_url(url, secret=False) == public


@pytest.mark.parametrize("secret", [True, False])
@pytest.mark.parametrize(
    "url",
    [
        "",
        "no url",
        "user:word@host",
        "word:123",
        "mailto:someone@example.com",
        "https:/h/path",
        "//user:word@h",
        "redis://:wo/rd@h:6379/0",
        "redis://:wo#rd@h",
        "redis://:wo?rd@h",
        "redis://u:wo rd@h:6379x/0",
        "redis://h:99999/0",
        "redis://h:/0",
        "redis://h h/0",
        "redis://[::1/0",
        "redis://[fe80::1%25x]/0",
        "redis://h\u2100/0",
        "redis://\uac00/0",
    ],
)
def test_an_invalid_url_is_masked_completely(url: str, secret: bool) -> None:
    """A part of a password could pass for a path, and a user name for a scheme."""
    assert show_url(url, secret=secret) == MASK


@pytest.mark.parametrize("secret", [True, False])
@pytest.mark.parametrize("separator", ["/", "#", "?"])
@pytest.mark.parametrize("start", ["123", "u:123", "word", ":p@ss"])
def test_a_late_at_hides_everything_but_the_scheme(
    start: str, separator: str, secret: bool
) -> None:
    """With an `@` after `/`, `#` or `?`, what precedes them may be the start of a password."""
    url = f"redis://{start}{separator}rest@host/0"

    assert show_url(url, secret=secret) == f"redis://{MASK}"
    assert has_credentials(url)


def test_a_url_without_a_host_shows_its_scheme_when_it_is_secret() -> None:
    """The path of a socket in a secret URL is not shown."""
    assert show_url("unix:///run/secret.sock", secret=True) == f"unix://{MASK}"


@pytest.mark.parametrize(
    ("url", "something"),
    [
        ("redis://localhost:6379/0", False),
        ("https://hooks.example.com/in", False),
        ("https://user@h/in", False),
        ("redis://:pw@h", True),
        ("redis://u:pw@h", True),
        ("https://h/?token=x", True),
        ("https://h/#x", False),
        ("redis://:p/w@h", True),
        ("nonsense", True),
        ("", True),
        ("redis://${REDIS_HOST}:6379/0", False),
        ("mongodb://a:27017,b:27017/app", False),
        ("PLAINTEXT://a:9092,PLAINTEXT://b:9092", False),
        ("mongodb://u:pw@a:27017,b:27017/app", True),
        ("redis://:p{w@h", True),
        ("redis://${REDIS_HOST}:6379/0?password=x", True),
        ('{"password": "x", "url": "https://h"}', True),
    ],
)
def test_a_password_or_a_query_is_a_credential(url: str, something: bool) -> None:
    """An invalid URL counts as a credential as well."""
    assert has_credentials(url) is something


PASSWORDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=PIECE)


@example("12345/6789012")
@example("user@1234567")
@given(PASSWORDS)
def test_no_url_shows_a_part_of_its_password(password: str) -> None:
    """However a password is quoted, the shown URL contains no part of it."""
    token = MINT.token(12)
    for written in (password + token, token + password, quote(password, safe="") + token):
        for url in (f"redis://u:{written}@h.example/0", f"https://{written}@h.example/v1"):
            for secret in (True, False):
                shown = show_url(url, secret=secret)
                assert token[:PIECE] not in shown
                assert token[-PIECE:] not in shown


def test_the_mask_does_not_reveal_the_length() -> None:
    """Passwords of different lengths have the same mask."""
    assert show_url("redis://:a@h", secret=True) == show_url(f"redis://:{'a' * 99}@h", secret=True)


@pytest.mark.parametrize(
    ("path", "like_secret"),
    [
        ("redis://h.example/0", True),
        ("tz3kH5sZ9sF4ZK2tQ7gM8xc9", True),
        ("missing.env", False),
        ("/", False),
    ],
)
def test_a_url_or_a_long_mixed_word_may_be_a_secret_given_as_a_path(
    path: str, like_secret: bool
) -> None:
    """
    A path that exists is not one, and neither is a name with a suffix.
    """
    assert is_like_secret(path) == like_secret
