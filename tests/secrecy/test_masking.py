"""
Masking: which names are credentials, what of a URL may be seen, what a scrubbed text still tells.
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
    is_credential_name,
    printable,
    show_url,
)

MINT = Mint(1)


@pytest.mark.parametrize(
    "name",
    [
        "ENCRYPTION_KEY",
        "encryption_key",
        "WEBHOOK_SECRET",
        "GITHUB_TOKEN",
        "DB_PASSWORD",
        "DB_PASSWD",
        "DB_PWD",
        "PASSPHRASE",
        "AWS_CREDENTIALS",
        "SENTRY_DSN",
        "KEYS_OLD",
        "MONKEYS",
    ],
)
def test_a_credential_is_told_by_its_name(name: str) -> None:
    """A word of credentials anywhere in a name makes it one, in any case: better once too often."""
    assert is_credential_name(name)


@pytest.mark.parametrize("name", ["", "ENV", "OPENAI_MODEL", "SUPABASE_URL", "JOB_TIMEOUT_SECONDS"])
def test_other_names_are_no_credentials(name: str) -> None:
    """A name without such a word is public."""
    assert not is_credential_name(name)


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
    """Two to forty ASCII capitals, digits, underscores, a letter first: others may be secrets."""
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
def test_what_cannot_be_seen_is_escaped(text: str, shown: str) -> None:
    """Controls, directions, invisible and undecodable characters; letters of any script stay."""
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_printable_text_is_one_line_that_any_terminal_takes(text: str) -> None:
    """No escape, line end or surrogate gets through, and what is shown stays as it is."""
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
def test_a_url_keeps_what_is_public_of_it(url: str, secret: str, public: str | None) -> None:
    """Never userinfo, query or fragment; of a secret one no path, unless it is a number."""
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
def test_what_does_not_read_as_a_url_is_masked_whole(url: str, secret: bool) -> None:
    """A password with a slash in it would pass for a path, a user's name for a scheme."""
    assert show_url(url, secret=secret) == MASK


@pytest.mark.parametrize("secret", [True, False])
@pytest.mark.parametrize("separator", ["/", "#", "?"])
@pytest.mark.parametrize("start", ["123", "u:123", "word", ":p@ss"])
def test_a_late_at_hides_everything_but_the_scheme(
    start: str, separator: str, secret: bool
) -> None:
    """What stands before `/`, `#` or `?` is the start of a password when an `@` comes after."""
    url = f"redis://{start}{separator}rest@host/0"

    assert show_url(url, secret=secret) == f"redis://{MASK}"
    assert has_credentials(url)


def test_a_url_without_a_host_shows_its_scheme_when_it_is_secret() -> None:
    """The path of a socket is not shown."""
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
    ],
)
def test_a_password_or_a_query_is_worth_hiding(url: str, something: bool) -> None:
    """What cannot be read counts as worth hiding, too."""
    assert has_credentials(url) is something


PASSWORDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=PIECE)


@example("12345/6789012")
@example("user@1234567")
@given(PASSWORDS)
def test_no_url_shows_a_piece_of_its_password(password: str) -> None:
    """However a password is written, quoted or not, the shown URL holds no piece of it."""
    token = MINT.token(12)
    for written in (password + token, token + password, quote(password, safe="") + token):
        for url in (f"redis://u:{written}@h.example/0", f"https://{written}@h.example/v1"):
            for secret in (True, False):
                shown = show_url(url, secret=secret)
                assert token[:PIECE] not in shown
                assert token[-PIECE:] not in shown


def test_the_mask_does_not_tell_the_length() -> None:
    """A short password and a long one look alike."""
    assert show_url("redis://:a@h", secret=True) == show_url(f"redis://:{'a' * 99}@h", secret=True)
