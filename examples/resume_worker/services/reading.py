"""
The reader behind the model, which finds the data of a résumé with regular expressions.

It reads Korean and English. It has no knowledge of the sample résumés.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

_LABELS = {
    "name": "성명|이름|full name|name",
    "address": "자택 주소|주소|home address|address",
    "skills": "보유 기술|기술 스택|기술|technical skills|skills",
}
_PHONE = re.compile(r"(?<![\d-])(?:\+\d{1,3}[ -]?)?\(?\d{2,4}\)?[ -]\d{3,4}[ -]\d{4}(?![\d-])")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(r"https?://[^\s<>\"')]+")
_SEPARATORS = re.compile(r"\s*[,;·/|•]\s*")


def people(text: str) -> dict[str, Any]:
    """
    Return the number of people, counted by name, or by e-mail address if the text has no names.
    """
    names = {_normal(name) for name in _labelled("name", text)}
    return {"people": len(names) or len(set(_EMAIL.findall(text))) or 1}


def resume(text: str) -> dict[str, Any]:
    """
    Return the person's data and skills, with None for missing values.
    """
    skills = [skill for line in _labelled("skills", text) for skill in _SEPARATORS.split(line)]
    return {
        "name": _first(_labelled("name", text)),
        "phone": _first(_PHONE.findall(text)),
        "email": _first(_EMAIL.findall(text)),
        "address": _first(_labelled("address", text)),
        "skills": [skill for skill in dict.fromkeys(skills) if skill],
        "portfolio": _first(url.rstrip(".,") for url in _URL.findall(text)),
    }


READERS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "identity_check": people,
    "resume": resume,
}
"""The readers by the name of the JSON schema in the request."""


def _labelled(field: str, text: str) -> list[str]:
    """
    Return the texts that follow the label of a field, on its line or, after a bare label, the next.
    """
    label = rf"^[ \t]*(?:{_LABELS[field]})(?:[ \t]*[:：|\t][ \t]*|[ \t]*\n[ \t]*)(\S.*?)[ \t]*$"  # noqa: RUF001 -- the colon of Korean text
    return re.findall(label, text, re.IGNORECASE | re.MULTILINE)


def _normal(name: str) -> str:
    return "".join(name.split()).casefold()


def _first(texts: Iterable[str]) -> str | None:
    return next(iter(texts), None)
