"""
What another parser left around a value: its name, a scheme, quotes, a comment.

`bare_fault` is the whole look at one text, for a secret or any other setting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import Enum

from workerctl.sources.forms import characters
from workerctl.sources.forms.characters import Fault
from workerctl.sources.forms.plain import is_twice


class Role(Enum):
    """
    What a value is used for, which decides what cannot be right.

    HEADER is a secret that is sent in an HTTP header, SHARED one that is compared with that of a
    service, PRIVATE any other secret, such as a password. A URL is one whether it is secret or not.
    """

    HEADER = "header"
    SHARED = "shared"
    PRIVATE = "private"
    URL = "url"
    TEXT = "text"

    @property
    def is_secret(self) -> bool:
        """
        Whether the value is a secret other than a URL.
        """
        return self in {Role.HEADER, Role.SHARED, Role.PRIVATE}


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_QUOTES: dict[str, str] = {
    '"': '"',
    "'": "'",
    "`": "`",
    "\u201c": "\u201d",
    "\u201e": "\u201c",
    "\u2018": "\u2019",
    "\u201a": "\u2018",
    "\u00ab": "\u00bb",
}
_ESCAPED = ('\\"', "\\'", "&quot;", "&#39;", "&apos;", "%22")
_CLOSING = frozenset(_QUOTES.values())
_BYTES = r"b(['\"]).+\1"
_ASSIGNMENT = (
    r"(?P<before>(?:-\s{1,8})?(?:(?:export|set|setx|env|ENV|ARG|declare|-e|--env)[\s=]\s{0,8}|\$env:)?)"
    r"[\"']?(?P<name>[A-Za-z_][A-Za-z0-9_.-]{0,80})[\"']?"
    r"[^\S\n]{0,8}(?P<sign>:=|=|:)\s{0,8}(?P<rest>\S?)"
)
_CONVENTIONAL = r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
_SCHEME = (
    r"(?i:(?:(?:proxy-)?authorization|x-[a-z-]{1,32}|api[-_]?key|private-token)\s{0,8}[:=]\s{0,8}"
    r"|(?:bearer|basic|token|api-?key|key|digest|oauth|jwt|bot|splunk)(?:[^\S\n]{1,8}|%20|:\s{1,8})"
    r"|bearer[:=]\s{0,8}){1,2}(?=\S)"
)
_COMMENT = r"\s#"
# In public texts: a single word, then a comment that begins like one.
_PUBLIC_COMMENT = r"([^\s#]+)[^\S\n]+#+\s?[^\W\d]"
_ONE_WORD = r"[A-Za-z0-9_.~+/=:@-]+"
_POLICY = (
    r"(?:self|none|unsafe-[a-z-]+|strict-dynamic|report-sample|wasm-unsafe-eval"
    r"|(?:nonce|sha256|sha384|sha512)-.*)"
)
_SENTENCE_ENDS = frozenset(".!?\u2026,;:\u3002\uff01\uff1f")
# Settings whose values are pieces of text, in which blanks and quotes are meant.
_PIECES = _set(
    "SEPARATOR SEP DELIMITER PREFIX SUFFIX INDENT PADDING PROMPT TEMPLATE MESSAGE GREETING QUOTE "
    "QUOTES QUOTECHAR CHAR CHARS CHARACTER CHARACTERS STRING TEXT TITLE LABEL BANNER FORMAT FMT "
    "REGEX PATTERN COMMAND CMD SCRIPT QUERY SQL FILTER EXPR EXPRESSION CSP SRC POLICY FONT "
    "TERMINATOR NEWLINE EOL BULLET JOINER GLUE"
)
# Settings whose values are identifiers: no dash or quotation mark in them is typographic.
_IDENTIFIERS = _set(
    "MODEL MODELS HOST HOSTNAME HOSTS REGION BUCKET QUEUE QUEUES TOPIC DATABASE VERSION ENDPOINT "
    "USERNAME DOMAIN PORT"
)
_SHORTEST = 2
_KEY_BEGINS = ("-----BEGIN", "ssh-", "ecdsa-")


def bare_fault(text: str, names: Iterable[str], role: Role) -> Fault | None:
    """
    Return the first thing that does not belong to a value; None if it may be meant like this.

    `names` are those of the variable, the preferred one first.
    """
    found = characters.byte_order_mark(text)
    if found is not None or not text:
        return found
    bare = text.strip()
    names = tuple(names)
    found = _name_in_front(bare, names, role)
    if found is not None or _is_structured(bare):
        return found
    return _on_one_line(text, bare, names, role)


def _on_one_line(text: str, bare: str, names: tuple[str, ...], role: Role) -> Fault | None:
    words = _words(names)
    looks: tuple[Callable[[], Fault | None], ...] = (
        lambda: _quotes(bare, words, role),
        lambda: _scheme(text, words, role),
        lambda: _comment(bare, role),
        lambda: _punctuation(bare, words, role),
        lambda: _twice(bare) if role in {Role.HEADER, Role.SHARED} else None,
        lambda: _around(text, bare, words, role),
        lambda: _inside(bare, words, role, len(text) - len(text.lstrip())),
        lambda: _divided(bare, words, role),
    )
    return next(filter(None, (look() for look in looks)), None)


def _words(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word for name in names for word in re.split("[^A-Z0-9]+", name.upper()))


def _is_structured(bare: str) -> bool:
    """
    Return whether a text is JSON or a key file, in which white space and quotes are meant.
    """
    ends = (bare[:1], bare[-1:])
    return ends in {("{", "}"), ("[", "]")} or bare.startswith(_KEY_BEGINS)


def _name_in_front(bare: str, names: tuple[str, ...], role: Role) -> Fault | None:
    remedy = "Remove everything up to the value itself."
    if role is Role.HEADER and bare[:1] == "{" and any(f'"{name}"' in bare for name in names):
        words = "is a JSON object that contains it, not the value"
        return Fault("wrapped", words, "Set the value itself.", plainly=True)
    if "=" not in bare and ":" not in bare:
        return None
    match = re.match(_ASSIGNMENT, bare, re.ASCII)
    if match is None:
        return None
    name, sign = match["name"], match["sign"]
    is_own = _fold(name) in set(map(_fold, names))
    if is_own and _is_assigned(name, sign, role, bare[match.end("sign") :]):
        return Fault("wrapped", "begins with its own name", remedy, plainly=True)
    if role is Role.HEADER and sign == "=" and match["rest"] not in {"", "="}:
        if re.fullmatch(_CONVENTIONAL, name, re.ASCII):
            return Fault("wrapped", "begins with the name of a variable", remedy, plainly=True)
        if match["before"].startswith("export"):
            return Fault("wrapped", "begins with an assignment", remedy, plainly=True)
    return None


def _is_assigned(name: str, sign: str, role: Role, rest: str) -> bool:
    if rest.startswith("//"):  # the scheme of a URL
        return False
    if role.is_secret:
        return True
    # A public text may be prose after a title, or an option: sslmode=require, Title: …
    return name == name.upper() and (sign != ":" or "_" in name)


def _fold(name: str) -> str:
    return name.upper().replace("-", "_").replace(".", "_")


def _quotes(bare: str, words: frozenset[str], role: Role) -> Fault | None:
    if bare[:1] == "b" and re.fullmatch(_BYTES, bare, re.DOTALL) and not words & _PIECES:
        remedy = "Remove the b and the quotes."
        return Fault("wrapped", "is written in b'…', as Python prints bytes", remedy, plainly=True)
    inner = _unquoted(bare)
    if inner is None:
        return _one_quote(bare, role)
    if not role.is_secret:
        is_sentence = " " in inner and inner[-1:] in _SENTENCE_ENDS
        is_typographic = not bare[0].isascii() and not words & _IDENTIFIERS
        is_policy = re.fullmatch(_POLICY, inner) is not None
        if is_sentence or is_typographic or is_policy or bare[0] == "`" or words & _PIECES:
            return None
    return Fault(
        "wrapped",
        "is enclosed in quotes, which are part of the value" if inner else "consists of quotes",
        "Remove the quotes where the value is set: nothing else removes them.",
    )


def _unquoted(bare: str) -> str | None:
    """
    Return what a pair of quotes encloses, or None.
    """
    for mark in _ESCAPED:
        if len(bare) > len(mark) and bare.startswith(mark) and bare.endswith(mark):
            return bare[len(mark) : -len(mark)]
    closing = _QUOTES.get(bare[:1])
    if closing is None or len(bare) < _SHORTEST or bare[-1] != closing:
        return None
    inner = bare[1:-1]
    return None if bare[0] in inner or closing in inner else inner


def _one_quote(bare: str, role: Role) -> Fault | None:
    if role is not Role.HEADER or len(bare) <= _SHORTEST:
        return None
    begins, ends = bare[0] in _QUOTES, bare[-1] in _CLOSING
    rest = bare[begins : len(bare) - ends]
    if begins == ends or not re.fullmatch(_ONE_WORD, rest, re.ASCII):
        return None
    return Fault("wrapped", "has a quote at one end only", "Remove the quote.")


def _scheme(text: str, words: frozenset[str], role: Role) -> Fault | None:
    if not role.is_secret or words & {"HEADER", "HEADERS", "AUTHORIZATION"}:
        return None
    match = re.match(_SCHEME, text.lstrip(), re.ASCII if text.isascii() else 0)
    if match is None:
        return None
    rest = text.lstrip()[match.end() :].rstrip()
    if role is not Role.HEADER and not re.fullmatch(_ONE_WORD, rest, re.ASCII):
        return None  # the words of a passphrase
    if "AUTH" in words and words.isdisjoint({"KEY", "TOKEN", "TOKENS", "SECRET"}):
        return None  # as in PROXY_AUTH, the whole header
    return Fault(
        "wrapped",
        "begins with the scheme of a header, which the client adds by itself",
        "Remove the scheme, such as `Bearer`, and the space after it.",
    )


def _comment(bare: str, role: Role) -> Fault | None:
    if "#" not in bare:
        return None
    remedy = "Remove the comment: what sets the value takes it for a part of it."
    if role.is_secret and bare.startswith(("# ", "#\t")):
        return Fault("wrapped", "is a comment", "Enter the value, without the comment.")
    if role.is_secret or role is Role.URL:
        is_comment = re.search(_COMMENT, bare) is not None
    else:
        match = re.match(_PUBLIC_COMMENT, bare) if " #" in bare or "\t#" in bare else None
        # "Item # five" is prose; a title begins with a capital.
        is_comment = match is not None and match[1].isascii() and not match[1].istitle()
    return Fault("wrapped", "is followed by a comment", remedy) if is_comment else None


def _punctuation(bare: str, words: frozenset[str], role: Role) -> Fault | None:
    """
    Return the sign that ended the line of code from which a key, a URL or a name was copied.
    """
    if bare[-1:] not in {",", ";"} or not (words & _IDENTIFIERS or role in {Role.HEADER, Role.URL}):
        return None
    if not re.fullmatch(_ONE_WORD, bare[:-1], re.ASCII):
        return None
    sign = "comma" if bare[-1] == "," else "semicolon"
    return Fault("wrapped", f"ends with a {sign}, as a line of code does", f"Remove the {sign}.")


def _twice(bare: str) -> Fault | None:
    if not is_twice(bare):
        return None
    return Fault("wrapped", "is the same text twice", "Enter the value once.", plainly=True)


def _divided(bare: str, words: frozenset[str], role: Role) -> Fault | None:
    """
    Return the fault of an API key or a token with white space in it, such as `KEY (production)`.
    """
    is_key = bool(words & {"TOKEN", "APIKEY"}) or {"API", "KEY"} <= words
    if role is not Role.HEADER or not is_key or not any(map(str.isspace, bare)):
        return None
    words_ = "contains white space, which no API key or token does"
    return Fault("wrapped", words_, "Enter the key alone: remove what is before or after it.")


def _around(text: str, bare: str, words: frozenset[str], role: Role) -> Fault | None:
    found = characters.around(text)
    if role is Role.HEADER and found is None and bare.endswith(("\\n", "\\r")):
        words_ = "ends with a backslash and a letter that stand for a line end"
        return Fault("space", words_, "Remove the two characters.")
    if found is None or role is not Role.TEXT:
        return found
    if not bare or words & _PIECES or len(bare) < _SHORTEST:
        return None
    if text.endswith("\r") and "\r" not in text[:-1]:
        return found
    is_one_word = bare.isascii() and bare[0].isalnum() and not any(map(str.isspace, bare))
    return found if is_one_word else None


def _inside(bare: str, words: frozenset[str], role: Role, offset: int) -> Fault | None:
    if not bare.isascii() or not bare.isprintable():
        found = _strange(bare, words, role)
        return None if found is None else _moved(found, offset)
    return None


def _strange(bare: str, words: frozenset[str], role: Role) -> Fault | None:
    if role is Role.HEADER:
        return characters.hidden(bare) or characters.foreign(bare)
    if role is Role.URL:
        return characters.hidden(bare) or characters.look_alike(bare)
    hidden = characters.hidden(bare) if characters.is_hidden_alone(bare) else None
    if role.is_secret:
        return hidden or characters.look_alike(bare)
    if not _is_one_word(bare, words) or words & _PIECES:
        return None  # prose
    found = hidden or characters.look_alike(bare)
    return found or (characters.punctuation(bare) if words & _IDENTIFIERS else None)


def _is_one_word(bare: str, words: frozenset[str]) -> bool:
    """
    Return whether a public text is one word with Latin letters or digits.

    A no-break space is part of prose, but not of an identifier.
    """
    spaces = frozenset(filter(str.isspace, bare))
    if (not words & _IDENTIFIERS and spaces) or any(each.isascii() for each in spaces):
        return False
    return any(each.isascii() and each.isalnum() for each in bare)


def _moved(fault: Fault, offset: int) -> Fault:
    """
    Return a fault whose position counts the white space in front of the value, too.
    """
    if not offset:
        return fault
    words = re.sub(
        r"as character (\d+)", lambda found: f"as character {int(found[1]) + offset}", fault.words
    )
    return fault.replace(words=words)
