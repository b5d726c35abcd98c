"""
Recognise placeholders that were never replaced: `your-key-here`, `sk-...`, `<token>`, `changeme`.

The rules are derived from public env file templates. Most apply to every variable, because half of
the placeholders in templates are in values that are not secret. Words that can be a real value
(`secret`, `replace`) count only in a secret.
"""

from __future__ import annotations

import re

from workerctl.report.records import Record
from workerctl.secrecy.credential_names import use_of
from workerctl.sources.forms.placeholders import patterns, words

LENGTH_LIMIT = 4096
"""The number of characters of a value that are examined. No placeholder is longer."""

_PHRASE_LIMIT = 12
_PROSE_WORDS = 3
_SHORTEST_SEQUENCE = 6
_SHORTEST_HEXADECIMAL_KEY = 32
_LONGEST_PREFIX = 16
_LONGEST_STUB = 2
_SHORTEST_SENTENCE = 4
_MASK = "****"
_LONGEST_SENTENCE = 40
_PATH_OR_VARIABLE = frozenset("/${}")
_CAPITALS = words.CAPITAL_WORDS | words.CAPITAL_ADJECTIVES


class _Subject(Record):
    """
    A value to examine, in the forms that the rules need; `squeezed` has letters and digits only.
    """

    name: str
    value: str
    lower: str
    squeezed: str
    secret: bool

    @property
    def holds_a_name(self) -> bool:
        """
        Whether the value is the name of something, as in `API_KEY_HEADER=X-Api-Key`.
        """
        return self.name.upper().rpartition("_")[2] in words.NAME_SUFFIXES


def is_placeholder(value: str, name: str, *, secret: bool = False) -> bool:
    """
    Return whether the value of the variable `name` is a placeholder.

    `secret` adds rules for words such as `my-secret-key`, which can be the real value of other
    variables. Hexadecimal keys are never placeholders, however weak they are, because data may be
    encrypted with them.
    """
    value = _unquoted(value[:LENGTH_LIMIT])
    lower = value.lower()
    if not lower or _is_hexadecimal_key(lower):
        return False
    subject = _Subject(
        name=name,
        value=value,
        lower=lower,
        squeezed=_squeezed(lower),
        # ALLOW_EMPTY_PASSWORD=yes is a switch, whatever its name ends in.
        secret=secret and lower not in words.SWITCHES and not _is_switch(name, lower),
    )
    return any(rule(subject) for rule in _RULES)


def _is_known_word(subject: _Subject) -> bool:
    if subject.squeezed not in words.WHOLE or any(map(str.isspace, subject.lower)):
        return False
    is_level = subject.value == "NOTSET" and "LEVEL" in subject.name.upper()  # of `logging`
    return not is_level


def _is_prefix(subject: _Subject) -> bool:
    return not subject.holds_a_name and subject.lower in words.PREFIXES


def _repeats_a_name(subject: _Subject) -> bool:
    """
    Return whether the value repeats the variable's name, or is written like a variable's name.
    """
    if subject.holds_a_name:
        return False
    # POSTGRES=postgres and CKAN_DB=ckandb may be real values; POSTGRES_URL=postgres_url is not.
    may_be_real = "_" not in subject.name.strip("_") and subject.value != subject.name
    repeats = _with_underscores(subject.lower) == subject.name.lower()
    if repeats and not may_be_real:
        return True
    return subject.value.isupper() and bool(re.fullmatch(patterns.VARIABLE, subject.value))


def _is_a_name(subject: _Subject) -> bool:
    """
    Return whether the value is what templates call somebody or something: Example Corp, USER_ID_1.
    """
    if subject.value.startswith("Example") and re.fullmatch(patterns.EXAMPLE, subject.value):
        return True
    if "_1" not in subject.value and "_2" not in subject.value:
        return False
    rest, count = re.subn(patterns.NUMBERED, "", subject.value)
    numbered = re.findall(patterns.NUMBERED, subject.value)
    is_json = subject.value[0] in "[{"
    return (
        count > 0
        and all(word in words.CAPITAL_WORDS for word in numbered)
        and (is_json or not rest.strip(" ,;:|"))
    )


def _is_in_angle_brackets(subject: _Subject) -> bool:
    # Markup has closing tags, and `Answer inside <answer> tags` is a prompt for a language model.
    if "<" not in subject.value or "</" in subject.value:
        return False
    outside, count = re.subn(patterns.ANGLE_BRACKETS, " ", subject.value)
    return count > 0 and len(outside.split()) < _PROSE_WORDS


def _matches_a_pattern(subject: _Subject) -> bool:
    return patterns.any_matches(patterns.ANYWHERE, subject.lower)


def _is_note(subject: _Subject) -> bool:
    """
    Return whether the value begins with TODO. A public `todo-app` is the name of something.
    """
    if not subject.lower.startswith(words.NOTES):
        return False
    may_be_name = not subject.secret and re.match(patterns.SLUG, subject.value) is not None
    return re.match(patterns.NOTE, subject.lower) is not None and not may_be_name


def _is_cut_short(subject: _Subject) -> bool:
    if " " in subject.lower or ("..." not in subject.lower and "…" not in subject.lower):
        return False
    ellipsis = re.search(patterns.ELLIPSIS, subject.lower)
    if ellipsis is None:
        return False
    start = subject.lower[: ellipsis.start()]
    if subject.secret or "://" in start or start.startswith("eyj"):
        return True
    if start in words.PREFIXES or f"{start}-" in words.PREFIXES:
        return True
    # Not placeholders: `Loading...` (prose), `./...` (Go packages), `main...topic` (git commits).
    is_word_or_path = start.endswith("/") or start.replace("/", "").isalpha()
    return not ellipsis[1] and not is_word_or_path


def _has_a_url_part(subject: _Subject) -> bool:
    if "://" not in subject.value:
        return False
    logins = re.findall(patterns.LOGIN, subject.lower) if "@" in subject.lower else []
    return (
        any(_is_example_login(*login) for login in logins)
        or (subject.value != subject.lower and _has_capitals(subject.value))
        or patterns.any_matches(patterns.IN_URL, subject.lower)
    )


def _is_example_login(login: str, host: str) -> bool:
    user, colon, password = login.partition(":")
    user, password = _squeezed(user), _squeezed(password)
    if not colon:
        return user in words.LOGIN_KEYS
    # A container on the developer's machine really accepts postgres:password@localhost.
    works = host.startswith(words.LOCAL_HOSTS) and user not in words.LOGIN_USERS
    return password in words.LOGIN_PASSWORDS and not works


def _has_capitals(text: str) -> bool:
    # What precedes the scheme is another fault: the name of the variable.
    url = re.sub(patterns.EXPRESSION, "", text[text.index("://") :])
    url = re.sub(patterns.QUERY, "", url)
    runs = re.findall(patterns.CAPITALS, url)
    # ERP_DB and HR_USER have real names: every word has to be one of templates.
    if any(_CAPITALS.issuperset(re.split("[_-]", run)) and _ends_as_one(run) for run in runs):
        return True
    named = re.findall(patterns.NAMED_IN_LOGIN, url)
    if any(_ends_as_one(host or password) for host, password in named):
        return True
    # A host name with a single label in capitals is not how anyone writes a real one.
    hosts = (host for host in re.findall(patterns.HOST, url) if host != host.upper())
    labels = (label for host in hosts for label in host.split(".")[:-1])
    return any(re.fullmatch(patterns.CAPITALS, label) for label in labels)


def _ends_as_one(run: str) -> bool:
    return re.split("[_-]", run)[-1] in words.CAPITAL_WORDS


def _is_instruction(subject: _Subject) -> bool:
    """
    Return whether the value asks for a secret, as `insert-key-here` and `add_your_token` do.
    """
    parts = re.findall(patterns.PARTS, subject.lower)
    if not 1 < len(parts) <= _PHRASE_LIMIT or "/" in subject.lower:
        return False
    first, second, last = parts[0], parts[1], parts[-1]
    ends_in_here = last == "here"
    if (parts[-2] if ends_in_here else last) not in words.NOUNS:
        return False
    # With spaces it may be the label of an input field: "Enter your password".
    if " " in subject.lower and not (subject.secret or ends_in_here):
        return False
    is_request = first in words.REQUESTS and second in words.ARTICLES
    return is_request or ends_in_here or first == "your" or first in words.INSTRUCTIONS


def _is_fake(subject: _Subject) -> bool:
    """
    Return whether the value is called a fake: `fake_key`. `fake` and `fake-key` do work somewhere.
    """
    if "fake_" not in subject.lower:  # the value is not worth compiling the pattern
        return False
    found = re.fullmatch(patterns.FAKE, subject.lower)
    if found is None or subject.holds_a_name:
        return False
    return subject.secret or found[1] in words.NOUNS


def _is_generic_secret(subject: _Subject) -> bool:
    """
    Return whether a secret consists of words, one repeated character or a sequence.
    """
    if not subject.secret or subject.holds_a_name:
        return False
    if not _PATH_OR_VARIABLE.isdisjoint(subject.lower):
        return False
    if subject.squeezed in words.GENERIC or _is_east_asian_key(subject):
        return True
    if _MASK in subject.value:
        return True
    if len(subject.value) <= _LONGEST_STUB or _is_sentence(subject.lower):
        return True
    if re.fullmatch(patterns.REPEATED_CHARACTER, subject.lower):
        return True
    rest = _without_prefix(subject.lower)
    return _is_sequence(rest) or _consists_of_words(rest, subject.name)


def _is_east_asian_key(subject: _Subject) -> bool:
    """
    Return whether a key has Chinese, Japanese or Korean, as no real one does: `sk-로_시작하는_키`.

    A password, or what only the application itself reads, may have any letters.
    """
    is_east_asian = any(map(_is_east_asian, subject.lower))
    return is_east_asian and use_of(subject.name) != "private"


def _is_sentence(lower: str) -> bool:
    """
    Return whether a secret says what to do with it: `this_key_is_insecure_and_must_be_replaced`.
    """
    parts = re.findall(patterns.PARTS, lower)
    if not _SHORTEST_SENTENCE <= len(parts) <= _LONGEST_SENTENCE:
        return False
    return not (words.WARNINGS.isdisjoint(parts) or words.CONNECTIVES.isdisjoint(parts))


def _is_switch(name: str, lower: str) -> bool:
    return lower in {"0", "1"} and not words.SWITCH_NAMES.isdisjoint(name.upper().split("_"))


def _is_sequence(text: str) -> bool:
    squeezed = _squeezed(text)
    return len(text) >= _SHORTEST_SEQUENCE and any(squeezed in each for each in words.SEQUENCES)


def _consists_of_words(text: str, name: str) -> bool:
    parts = [part.rstrip("0123456789") or part for part in re.findall(patterns.PARTS, text)]
    nouns = words.NOUNS | words.GENERIC
    known = nouns | words.ADJECTIVES | set(re.findall(patterns.PARTS, name.lower()))
    return not nouns.isdisjoint(parts) and all(part in known or part.isdigit() for part in parts)


_RULES = (
    _is_known_word,
    _is_prefix,
    _repeats_a_name,
    _is_in_angle_brackets,
    _matches_a_pattern,
    _is_note,
    _is_cut_short,
    _has_a_url_part,
    _is_instruction,
    _is_a_name,
    _is_fake,
    _is_generic_secret,
)


def _unquoted(value: str) -> str:
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'`"
    return value[1:-1].strip() if quoted else value


def _without_prefix(lower: str) -> str:
    ends = (end for end in range(_LONGEST_PREFIX, 0, -1) if lower[end - 1 : end] in {"-", "_", "."})
    return next((lower[end:] for end in ends if lower[:end] in words.PREFIXES), lower)


def _with_underscores(text: str) -> str:
    return text.replace("-", "_").replace(" ", "_")


def _squeezed(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _is_hexadecimal_key(lower: str) -> bool:
    return len(lower) >= _SHORTEST_HEXADECIMAL_KEY and not lower.strip("0123456789abcdef")


def _is_east_asian(character: str) -> bool:
    return "\u3040" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7a3"
