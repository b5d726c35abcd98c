"""
Values that work, at random: tokens, model names, hosts, paths, JSON, prose, switches, numbers.

They are made without Hypothesis, which prefers extreme examples such as a token of zeros, and so
says nothing about how often a working value is reported.
"""

import base64
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from typing import NamedTuple

_LETTERS = string.ascii_letters + string.digits
_WORDS = (
    "answer apple batch branch candidate careful change cloud concise copper decide delta desk"
    " document eagle engine example field figure first forest garden green harbour improve index"
    " island job kernel key korean language large later letter market matrix meadow model morning"
    " never number ocean open orange page paper parse people planet please position profile public"
    " queue quick resume river sample school score secret short signal simple skill small source"
    " spring staple stone storage summary table team text this token tower travel update user value"
    " vector water window winter with word work write year your"
).split()
_NOT_IN_A_NAME = frozenset(
    "example key please sample secret this token update user value your".split()
)
_PREFIXES = (
    "",
    "sk-",
    "sk-proj-",
    "ghp_",
    "xoxb-",
    "AIzaSy",
    "whsec_",
    "svc_",
    "hf_",
    "SG.",
    "eyJ",
)
_FAMILIES = ("gpt", "claude", "gemini", "llama", "mistral", "qwen", "text-embedding", "command-r")
_ORIGINS = ("", "openai/", "anthropic/", "models/", "azure/", "ft:", "mlx-community/")


class Usable(NamedTuple):
    """
    A variable with a value that works, and whether it is secret.
    """

    name: str
    text: str
    secret: bool = False


def usable_values(seed: int, count: int) -> Iterator[Usable]:
    """
    Yield `count` values, of every kind in turn.
    """
    rng = random.Random(seed)
    for number in range(count):
        yield _MAKERS[number % len(_MAKERS)](rng)


def _base62(rng: random.Random, shortest: int, longest: int) -> str:
    return "".join(rng.choices(_LETTERS, k=rng.randint(shortest, longest)))


def _token(rng: random.Random) -> Usable:
    body = rng.choice(
        (
            lambda: _base62(rng, 20, 64),
            lambda: rng.randbytes(rng.randint(16, 64)).hex(),
            lambda: base64.b64encode(rng.randbytes(rng.randint(16, 64))).decode(),
            lambda: base64.urlsafe_b64encode(rng.randbytes(rng.randint(16, 64))).decode(),
            lambda: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        )
    )
    name = rng.choice(("OPENAI_API_KEY", "APP_TOKEN", "WEBHOOK_SECRET", "SERVICE_ROLE_KEY"))
    return Usable(name, f"{rng.choice(_PREFIXES)}{body()}", secret=True)


def _password(rng: random.Random) -> Usable:
    symbols = "".join(rng.choices(string.printable[:94], k=rng.randint(12, 40)))
    phrase = rng.choice("-_. ").join(rng.choices(_plain_words(), k=rng.randint(4, 7)))
    return Usable("DB_PASSWORD", rng.choice((symbols, phrase)), secret=True)


def _plain_words() -> list[str]:
    return [word for word in _WORDS if word not in _NOT_IN_A_NAME]


def _label(rng: random.Random) -> str:
    return rng.choice((rng.choice(_plain_words()), _base62(rng, 6, 12).lower()))


def _host(rng: random.Random) -> str:
    numbers = ".".join(str(rng.randint(1, 254)) for _ in range(4))
    name = ".".join(_label(rng) for _ in range(rng.randint(1, 3)))
    return rng.choice(
        (numbers, "localhost", f"{name}.resume-works.net", f"{name}.svc.cluster.local")
    )


def _url(rng: random.Random) -> Usable:
    path = "/".join(_label(rng) for _ in range(rng.randint(0, 4)))
    login = f"{_label(rng)}:{_base62(rng, 16, 32)}@"
    scheme = rng.choice(("rediss", "postgresql", "amqps"))
    database = f"{scheme}://{login}{_host(rng)}:{rng.randint(1, 65535)}/0"
    public = f"https://{_host(rng)}/{path}" + rng.choice(("", "/{id}", "?page=2", "/v1/"))
    return rng.choice(
        (Usable("DATABASE_URL", database, secret=True), Usable("API_BASE_URL", public))
    )


def _model(rng: random.Random) -> Usable:
    version = rng.choice(("4o", "3.5", "2.0-flash", "sonnet-4", "3-small", "8b-instruct", "latest"))
    date = rng.choice(
        ("", f"-2025{rng.randint(1, 12):02}{rng.randint(1, 28):02}", f":{_label(rng)}")
    )
    return Usable("OPENAI_MODEL", f"{rng.choice(_ORIGINS)}{rng.choice(_FAMILIES)}-{version}{date}")


def _named_host(rng: random.Random) -> Usable:
    return Usable("SMTP_HOST", _host(rng))


def _path(rng: random.Random) -> Usable:
    root = rng.choice(
        ("/var/lib", "/srv", "./data", "~/cache", "C:\\data", "/run/secrets", "s3://bucket")
    )
    parts = "/".join(_label(rng) for _ in range(rng.randint(1, 4)))
    ending = rng.choice(("", ".json", ".pem", "/{year}/{month}", "/**/*.py"))
    return Usable(rng.choice(("DATA_DIR", "KEY_FILE", "CACHE_PATH")), f"{root}/{parts}{ending}")


def _cron(rng: random.Random) -> Usable:
    fields = (
        rng.choice(("*", f"*/{rng.randint(2, 30)}", "1-5", "0,30", str(rng.randint(0, 23))))
        for _ in range(5)
    )
    return Usable("SCHEDULE", rng.choice((" ".join(fields), "@daily", "@hourly")))


def _json(rng: random.Random) -> Usable:
    leaves: tuple[Callable[[], object], ...] = (
        lambda: None,
        lambda: rng.random() < 0.5,
        lambda: rng.randint(-100, 10**6),
        lambda: rng.choice(_plain_words()),
        lambda: [_label(rng)],
        lambda: {_label(rng): rng.randint(0, 9)},
    )
    found = {_label(rng): rng.choice(leaves)() for _ in range(rng.randint(0, 5))}
    return Usable("EXTRA", json.dumps(rng.choice((found, list(found.values())))))


def _prose(rng: random.Random) -> Usable:
    text = " ".join(rng.choices(_WORDS, k=rng.randint(4, 20))).capitalize()
    endings = (
        ".",
        "!",
        "?",
        "...",
        ": {text}",
        ", please.",
        " <b>now</b>",
        " 당신은 도우미입니다.",
    )
    return Usable(rng.choice(("SYSTEM_PROMPT", "GREETING", "BANNER")), text + rng.choice(endings))


def _switch(rng: random.Random) -> Usable:
    text = rng.choice(("true", "false", "on", "off", "yes", "no", "0", "1"))
    name = rng.choice(("DEBUG", "ALLOW_EMPTY_PASSWORD"))
    return Usable(name, text, secret=name.endswith("PASSWORD"))


def _number(rng: random.Random) -> Usable:
    return Usable(
        "TIMEOUT", rng.choice((str(rng.randint(0, 10**6)), f"{rng.random():.3f}", "1e3", "-1"))
    )


def _list(rng: random.Random) -> Usable:
    items = [_label(rng) for _ in range(rng.randint(1, 5))]
    return Usable("QUEUES", rng.choice((",".join(items), json.dumps(items), ", ".join(items))))


def _word(rng: random.Random) -> Usable:
    fixed = (
        *("INFO", "production", "ko_KR.UTF-8", "Asia/Seoul", "#363636", "phase_2", "json", "1.4.2"),
        *("%(asctime)s %(levelname)s %(message)s", "Name <a@b.c>", "worker-{runtime}", "None"),
        *(
            "SAMEORIGIN",
            "ap-northeast-2",
            "30,60",
            "<5m",
            ">=3.11,<4",
            "arn:aws:iam::1:role/worker",
        ),
    )
    return Usable("SETTING", rng.choice(fixed))


def _stub(rng: random.Random) -> Usable:
    return Usable(
        "OPENAI_API_KEY", rng.choice(("NONE", "stub", "fake", "ollama", "dummy", "EMPTY")), True
    )


_MAKERS = (
    *(_token, _password, _url, _model, _named_host, _path, _cron, _json, _prose, _switch),
    *(_number, _list, _word, _stub),
)
