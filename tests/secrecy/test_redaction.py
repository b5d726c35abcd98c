"""
Tests of redaction: pieces of secrets are removed in any encoding, and other text is kept.
"""

import base64
import json
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretBytes, SecretStr

from tests.leaks.holdings import valid
from tests.leaks.oracle import PIECE, Mint, Oracle
from tests.support.configurations import MakeLoaded
from workerctl.schema.secrets.texts import secret_texts
from workerctl.secrecy.masking import MASK
from workerctl.secrecy.redaction import LOG_MASK, Redactor
from workerctl.settings import Settings

MINT = Mint(5)
TOKEN = MINT.token(40)
KEY = MINT.key()
AWKWARD = 'pä/ss "wo\'rd"+%\\n=@:\n#키?&'

SPELLINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "capitals": str.upper,
    "small letters": str.lower,
    "percent": lambda text: quote(text, safe=""),
    "percent in small letters": lambda text: quote(text, safe="").replace("%C3", "%c3"),
    "percent, slashes kept": quote,
    "percent as clients do": lambda text: quote(text, safe="!#$%&'()*+,/:;=?@[]~"),
    "a form": quote_plus,
    "JSON": json.dumps,
    "JSON of UTF-8": lambda text: json.dumps(text, ensure_ascii=False),
    "repr": repr,
    "ascii": ascii,
    "bytes": lambda text: repr(text.encode()),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 after one": lambda text: base64.b64encode(b":" + text.encode()).decode(),
    "base64 after two": lambda text: base64.b64encode(b"a:" + text.encode() + b":b").decode(),
    "base64 of URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal in capitals": lambda text: text.encode().hex().upper(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", [TOKEN, KEY, AWKWARD], ids=["token", "key", "awkward"])
def test_every_piece_is_masked_in_every_encoding(secret: str, spelling: str) -> None:
    """A secret and every six characters of it are masked in every encoding."""
    write = SPELLINGS[spelling]
    redactor = Redactor([secret])
    pieces = [secret[at : at + size] for size in (6, 8) for at in range(len(secret) - size + 1)]

    for piece in (secret, *pieces):
        text = f"<0|{write(piece)}|0>"
        redacted = redactor.redact(text)
        assert redactor.holds(text), piece
        assert LOG_MASK in redacted
        assert not redactor.holds(redacted), redacted
        assert redacted.startswith("<0|")
        assert redacted.endswith("|0>")


@pytest.mark.parametrize("before", range(8))
def test_pieces_are_found_at_any_position(before: int) -> None:
    """A piece is found at any position, although the search skips positions."""
    for size in range(6, 16):
        text = "." * before + TOKEN[3 : 3 + size] + "."
        assert Redactor([TOKEN]).redact(text) == "." * before + LOG_MASK + "."


# These letters never appear in a token.
OTHERS = st.text("aeiou01 .:/\n\uac00", max_size=30)


@given(OTHERS, st.integers(0, 34), st.integers(6, 40), OTHERS)
def test_the_text_around_a_piece_is_kept(before: str, start: int, size: int, after: str) -> None:
    """After redaction the oracle finds no piece of the secret, and all other text is kept."""
    redacted = Redactor([TOKEN]).redact(before + TOKEN[start : start + size] + after)

    assert Oracle([TOKEN]).leaks(redacted) == []
    assert redacted == before + LOG_MASK + after


def test_the_bytes_of_a_key_are_masked() -> None:
    """A key is also masked as the bytes that its hexadecimal digits encode."""
    data = bytes.fromhex(KEY)
    redactor = Redactor([KEY])

    for text in (repr(data), repr(data[5:16]), base64.b64encode(data).decode(), data.hex(" ")):
        assert redactor.holds(text) == (text != data.hex(" ")), text
    assert redactor.redact(f"key={data!r}").startswith("key=b'")


def test_adjacent_pieces_get_one_mask() -> None:
    """Adjacent pieces of one or two secrets get a single mask."""
    one, other = MINT.token(12), MINT.token(12)

    assert (
        Redactor([one, other]).redact(f"{one}{other} {one[:7]}{one[2:]}")
        == f"{LOG_MASK} {LOG_MASK}"
    )


@pytest.mark.parametrize(
    ("secret", "text", "redacted"),
    [
        ("abc", "abc", "abc"),
        ("hunter", "hunter", LOG_MASK),
        ("pw42", "with pw42.", f"with {LOG_MASK}."),
        ("pw42", "pw421 xpw42", "pw421 xpw42"),
        ("pw42?", "is it pw42??", f"is it {LOG_MASK}?"),
        ("", "nothing", "nothing"),
    ],
)
def test_short_secrets_are_masked_as_words(secret: str, text: str, redacted: str) -> None:
    """Secrets of four or five characters are masked only as whole words."""
    redactor = Redactor([secret])

    assert redactor.redact(text) == redacted
    assert redactor.holds(text) == (text != redacted)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        (
            "rediss://:pV7mqL2sXw9R@q.example.net:6380/0",
            f"rediss://:{LOG_MASK}@q.example.net:6380/0",
        ),
        ("redis://default:pV7mqL2sXw9R@q:6380", f"redis://default:{LOG_MASK}@q:6380"),
        ("redis://q/0?password=hunter&db=3", f"redis://q/0?password={LOG_MASK}&db=3"),
        ("unix:///run/redis.sock?password=hunter", f"unix:///run/redis.sock?password={LOG_MASK}"),
        ("https://hooks.example.net/in/worker", f"https://hooks.example.net/{LOG_MASK}"),
        (
            "https://h.example.net/services/T0/Zt7Qm2Xc",
            f"https://h.example.net/services/T0/{LOG_MASK}",
        ),
        (
            "https://4bf92f3577b34da6@o1.example.net/45071",
            f"https://{LOG_MASK}@o1.example.net/{LOG_MASK}",
        ),
        ("https://h.example.net/in?Zt7Qm2Xc=1", f"https://h.example.net/in?{LOG_MASK}=1"),
        ("https://h.example.net/#Zt7Qm2Xc", f"https://h.example.net/#{LOG_MASK}"),
        ("https://[::1]:8443/Zt7Qm2Xc", f"https://[::1]:8443/{LOG_MASK}"),
        (
            "postgresql+psycopg://u:pV7mqL2s@db/app",
            f"postgresql+psycopg://u:{LOG_MASK}@db/{LOG_MASK}",
        ),
        ("https://u:pV7m/qL2s@h/", f"https://{LOG_MASK}"),
        ("redis://h h:pV7mqL2s", f"redis://{LOG_MASK}"),
        ("https://[pV7mqL2s/", f"https://{LOG_MASK}"),
        ("mailto:pV7mqL2s", LOG_MASK),
    ],
)
def test_a_url_keeps_its_host(url: str, shown: str) -> None:
    """
    Only the secret parts of a URL are masked, and its public words stay readable in other texts.
    """
    redactor = Redactor([url])

    assert redactor.redact(f"GET {url} failed") == f"GET {shown} failed"
    assert redactor.redact("https://hooks.example.org/services/in") == (
        "https://hooks.example.org/services/in"
    )


def test_a_password_in_a_url_is_masked_decoded() -> None:
    """A password in a URL is also masked in its decoded form, as a client sends it."""
    redactor = Redactor(["redis://:a%2Fb%40cd%3Aef@h/0", "https://h/?token=Zt%207Qm2Xc"])

    assert redactor.redact("a/b@cd:ef, a%2Fb%40cd") == f"{LOG_MASK}, {LOG_MASK}"
    assert redactor.redact("Zt 7Qm2Xc") == LOG_MASK


LINES = [
    "default: resume.tasks.full_pipeline('0b5c8a2e-6d8f-4d8f-9a57-3f1c6f0d5a11') (fast)",
    "fast: Job OK (0b5c8a2e-6d8f-4d8f-9a57-3f1c6f0d5a11)",
    'HTTP Request: POST https://api.openai.com/v1/chat/completions "HTTP/1.1 200 OK"',
    "redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. password required.",
    "이력서를 처리했습니다: 3쪽, 12.5초, default services webhook",
    "/usr/lib/python3.11/site-packages/rq/worker.py:1075",
]


@pytest.mark.parametrize("line", LINES)
def test_text_without_secrets_is_kept(line: str) -> None:
    """Ordinary log lines contain no piece of a valid secret and are kept."""
    redactor = Redactor(valid(Mint(3)).values())

    assert not redactor.holds(line)
    assert redactor.redact(line) == line


def test_every_secret_of_the_settings_is_masked(loaded: MakeLoaded) -> None:
    """Secrets, credentials and queries of public URLs, and older keys are masked."""
    mint = Mint(8)
    given = valid(mint)
    settings = loaded("".join(f"{name}={text}\n" for name, text in given.items())).settings
    redactor = Redactor(secret_texts(settings))

    assert [secret for secret in mint.made if not redactor.holds(secret)] == []
    assert [text for text in given.values() if not redactor.holds(text)] == []
    assert given["ENCRYPTION_KEY_V1"] in mint.made
    assert not redactor.holds(f"{settings.OPENAI_MODEL} {settings.ENV} https://host.example.net/v1")


class Team(Settings):
    """
    Secrets of types that the built-in settings do not have.
    """

    PARTNERS: list[SecretStr] = []  # noqa: RUF012 -- pydantic copies it
    TOKENS_BY_NAME: dict[str, str] = {}  # noqa: RUF012 -- see above
    SALT: SecretBytes | None = None
    RAW_SECRET: SecretBytes = SecretBytes(b"")
    PIN_TOKEN: int = 0
    OPTIONAL_TOKEN: str | None = None


def test_secrets_may_have_any_type(directory: object) -> None:
    """Secrets of any type in a team's settings are masked."""
    one, two, three, four = (MINT.token() for _ in range(4))
    settings = Team(
        PARTNERS=[SecretStr(one)],
        TOKENS_BY_NAME={"partner": two},
        SALT=SecretBytes(three.encode()),
        RAW_SECRET=SecretBytes(four.encode()),
        PIN_TOKEN=73918264,
    )
    redactor = Redactor(secret_texts(settings))

    assert all(map(redactor.holds, (one, two, three, four, "73918264")))
    assert not redactor.holds("partner")


def test_the_repr_of_a_redactor_contains_no_secret() -> None:
    """The repr of a redactor, as a debugger shows it, contains no secret."""
    assert Oracle([TOKEN]).leaks(repr(Redactor([TOKEN]))) == []


def test_long_texts_are_searched_quickly() -> None:
    """A megabyte of text is searched for twenty secrets in less than five seconds."""
    # Keys that are the same in every run: random ones can have six characters in common with KEY.
    mint = Mint(6)
    redactor = Redactor([mint.key() for _ in range(20)])
    text = "0123456789abcdef " * 60_000
    started = time.process_time()

    assert not redactor.holds(text)
    assert redactor.redact(text + KEY) == text + KEY
    assert time.process_time() - started < 5


def test_the_redactor_masks_pieces_of_six_characters() -> None:
    """Six common characters are masked; five are a coincidence."""
    redactor = Redactor(["abcdefgh"], MASK)

    assert redactor.redact("it is abcdef.") == f"it is {MASK}."
    assert redactor.redact("it is abcde.") == "it is abcde."
    assert redactor.redact("abcdefgh") == MASK
    assert redactor.redact("bcdefgh and abcdefg") == f"{MASK} and {MASK}"
    assert redactor.redact("") == ""


def test_the_redactor_joins_overlapping_pieces() -> None:
    """Overlapping pieces of two secrets get a single mask."""
    redactor = Redactor(["abcdefgh", "fghijklm"], MASK)

    assert redactor.redact("x abcdefghijklm y") == f"x {MASK} y"


def test_secrets_below_four_characters_are_not_masked() -> None:
    """A very short or empty secret would mask almost every text."""
    assert Redactor(["", "a", "abc"]).redact("abc a") == "abc a"
    assert Redactor([]).redact("text") == "text"


@given(
    st.text("abcdefghij", max_size=40),
    st.text("abcdefghij", min_size=PIECE, max_size=20),
    st.text("abcdefghij", max_size=40),
)
def test_a_redacted_text_has_no_piece_of_a_secret(before: str, secret: str, after: str) -> None:
    """Whatever text surrounds a secret, no piece of the secret remains."""
    redacted = Redactor([secret], MASK).redact(before + secret + after)

    pieces = {secret[start : start + PIECE] for start in range(len(secret) - PIECE + 1)}
    assert MASK in redacted
    assert not any(piece in redacted for piece in pieces)


def test_a_long_text_is_redacted_quickly() -> None:
    """Secrets as long as certificates are masked in less than five seconds."""
    secrets = [MINT.token(4000) for _ in range(5)]
    started = time.process_time()

    assert Redactor(secrets, MASK).redact("a" * 20_000 + secrets[0]) == "a" * 20_000 + MASK
    assert time.process_time() - started < 5


@pytest.mark.parametrize("secret", ["https://", "redis://", "x://?", "unix:///"])
def test_a_url_of_a_scheme_alone_is_a_secret_without_text(secret: str) -> None:
    """A secret may be set to the beginning of a URL; that has nothing to redact."""
    assert Redactor([secret]).redact("see https://host/path") == "see https://host/path"
