"""
docker compose, for its `env_file` and its `--env-file`.
"""

import re
from collections.abc import Iterator

from workerctl.sources.dialects.statements import (
    REFUSES_FILE,
    SPACE,
    Reader,
    Reading,
    Statement,
    expansion,
    explain_expansions,
    explain_surroundings,
)

_BLANKS = "\t\v\f\r \x85\xa0"
_EXPORT = r"export[\t\n\f\r ]+"
_ESCAPE = r"\\(?:[abcfnrtv$\"\\]|0[0-9]{0,3})"
_NAMED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_MOST_NESTED = 8
_QUOTED = r"""'(?:\\.|[^\\'])*'|"(?:\\.|[^\\"])*\""""


def read(statement: Statement) -> Reading:
    """
    Return what docker compose reads. One name or one `${…}` that is not valid fails the whole file.
    """
    text = statement.text.lstrip(SPACE)
    text = re.sub(rf"\A{_EXPORT}", "", text).lstrip(_BLANKS)
    end = next((at for at, char in enumerate(text) if not _is_in_name(char)), len(text))
    name, separator = text[:end].rstrip(SPACE), text[end : end + 1]
    if separator not in {"=", ":"} or " " in name:
        return Reading(None, REFUSES_FILE)
    reading = _read_value(text[end + 1 :].lstrip(_BLANKS))
    if separator == ":" and "\n" in text:
        return Reading(None, REFUSES_FILE)
    if reading.text is not None and name != statement.name:
        return Reading(None, f"ends the name at the `{separator}`")
    if reading.text is not None and statement.end == "\r":
        return Reading(None, "reads on past the carriage return")
    return reading


def refuses(text: str) -> bool:
    """
    Return whether docker compose refuses a file that ends in this text, which begins with a name.
    """
    while text := _skip(text):
        text = re.sub(rf"\A{_EXPORT}", "", text).lstrip(_BLANKS)
        end = next((at for at, char in enumerate(text) if not _is_in_name(char)), len(text))
        separator, rest = text[end : end + 1], text[end + 1 :]
        if separator not in {"", "=", ":", "\n"} or " " in text[:end].rstrip(SPACE):
            return True
        if separator in {"=", ":"}:
            rest = rest.lstrip(_BLANKS)
            if _read_value(rest).text is None:
                return True
            quoted = re.match(rf"{_QUOTED}", rest, re.DOTALL)
            rest = rest[quoted.end() :] if quoted else rest.partition("\n")[2]
        text = rest
    return False


def _skip(text: str) -> str:
    """
    Return a text without white space and comments at its beginning.
    """
    text = text.lstrip(SPACE)
    while text.startswith("#"):
        text = text.partition("\n")[2].lstrip(SPACE)
    return text


def _is_in_name(char: str) -> bool:
    return char in "_.-[]" or char in _BLANKS or char.isalpha() or char.isnumeric()


def _read_value(text: str) -> Reading:
    if text[:1] in {"'", '"'}:
        return _read_quoted(text)
    return _substitute(text.partition("\n")[0].partition(" #")[0].rstrip(SPACE))


def _read_quoted(text: str) -> Reading:
    quote = text[0]
    found = re.match(rf"{quote}((?:\\.|[^\\{quote}])*){quote}", text, re.DOTALL)
    if found is None:
        return Reading(None, REFUSES_FILE)
    value = re.sub(rf"\\(?:(\\)|({quote}))", lambda escape: escape[2] or escape[0], found[1])
    if quote == "'":
        return Reading(value)
    return _substitute(re.sub(_ESCAPE, _unescaped, value))


def _unescaped(escape: re.Match[str]) -> str:
    char = escape[0][1]
    if char == "$":
        return "$$"
    if char == "0":
        return _octal(escape[0])
    return _NAMED.get(char, escape[0] if char == "c" else char)


def _octal(escape: str) -> str:
    digits = escape[2:]
    if not re.fullmatch("[0-3][0-7]{2}", digits):
        return escape.replace("\\0", "\\", 1)
    return chr(int(digits, 8))


def _substitute(text: str, depth: int = 0) -> Reading:
    """
    Return a text with its expansions marked, and each `$$` as a dollar sign.
    """
    parts: list[str] = []
    position = 0
    while (found := text.find("$", position)) >= 0:
        parts.append(text[position:found])
        variable = re.compile(rf"\$(?:(\$)|({_VARIABLE}))").match(text, found)
        if variable is not None:
            parts.append(variable[1] or expansion(variable[2]))
            position = variable.end()
        elif not text.startswith("${", found):
            parts.append("$")
            position = found + 1
        else:
            end = _closing(text, found)
            inner = text[found + 2 : end]
            if end < 0 or depth > _MOST_NESTED or not _is_valid(inner):
                return Reading(None, REFUSES_FILE)
            parts.append(expansion(inner))
            position = end + 1
    return Reading("".join(parts) + text[position:])


def _closing(text: str, start: int) -> int:
    depth = 0
    position = start
    while position < len(text):
        if text[position] == "\n":
            return -1
        if text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
        elif text[position] == "{":
            depth += 1
            position += 1
        position += 1
    return -1


def _is_valid(inner: str) -> bool:
    return re.fullmatch(rf"{_VARIABLE}(?::?[-+?].*)?", inner, re.ASCII) is not None


def explain(statement: Statement, own: str, theirs: str) -> Iterator[str]:
    """
    Yield what it does differently from workerctl.
    """
    yield from explain_expansions(own, theirs)
    if "$$" in statement.written:
        yield "reads `$$` as `$`"
    if statement.quote:
        if "\r" in theirs:
            yield "keeps the carriage returns"
        if "\\" in statement.written and own != theirs.replace("\r\n", "\n"):
            yield "reads the backslash differently"
    else:
        yield from explain_surroundings(own, theirs)


READER = Reader("docker compose", read, explain)
