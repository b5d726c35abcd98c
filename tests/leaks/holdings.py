"""
Configurations that hold secrets: the shapes of values, the settings and the sources.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from tests.leaks.oracle import Mint
from workerctl.keyring import canary
from workerctl.schema.description import Setting, describe
from workerctl.settings import Settings

ENV_FILE = "secrets.env"
DIRECTORY = "mounted"

Assignments = Mapping[str, str]


class Holding(NamedTuple):
    """
    A configuration that holds secrets, and the options with which a command reads it.
    """

    environ: Assignments = MappingProxyType({})
    files: Mapping[str, bytes] = MappingProxyType({})
    stdin: bytes = b""
    options: Mapping[str, str] = MappingProxyType({})


def valid(mint: Mint) -> Assignments:
    """
    Return a valid value for every secret and every URL, with a secret in each part of it.
    """
    return {**dict(_valid(mint)), "ENCRYPTION_KEY_V1": mint.key()}


def _valid(mint: Mint) -> Iterator[tuple[str, str]]:
    for setting in describe(Settings):
        if setting.url:
            yield setting.name, _url(mint, setting)
        elif setting.secret:
            yield setting.name, mint.key() if setting.name == "ENCRYPTION_KEY" else mint.token()


def _url(mint: Mint, setting: Setting) -> str:
    scheme = "https" if "https" in setting.expects else "rediss"
    user, password, query, value, fragment = (mint.token() for _ in range(5))
    path = f"v1/{mint.token()}" if setting.secret else "v1"
    login = f"{user}:{password},%2F"
    return f"{scheme}://{login}@host.example.net:8443/{path}?{query}={value}#{fragment}"


def misplaced(mint: Mint, shape: str) -> Assignments:
    """
    Return a secret of this shape for every setting except those that show any text.
    """
    return {
        setting.name: SHAPES[shape](mint)
        for setting in describe(Settings)
        if setting.secret or not _shows(setting.name, shape)
    }


def _shows(name: str, shape: str) -> bool:
    if name == "QUEUES":
        return shape not in {"JSON list that does not end", "list in brackets"}
    field = Settings.model_fields[name]
    return field.annotation is str and not field.metadata


SHAPES: Mapping[str, Callable[[Mint], str]] = {
    "token": Mint.token,
    "key": Mint.key,
    "key and a letter": lambda mint: f"{mint.key()}x",
    "two": lambda mint: f"{mint.token()} {mint.key()}",
    "quoted": lambda mint: f"'{mint.token()}'",
    "quote that does not end": lambda mint: f'"{mint.token()}',
    "quote that ends too soon": lambda mint: f"'{mint.token()}'{mint.token()}",
    "blanks": lambda mint: f" \t {mint.token()}\t {mint.token()}  ",
    "comment": lambda mint: f" # {mint.token()}",
    "foreign": Mint.foreign,
    "foreign and plain": lambda mint: f"{mint.foreign()}{mint.token()}é",
    "control characters": lambda mint: f"{mint.token()}\x1b]0;{mint.token()}\x07[/]",
    "invisible characters": lambda mint: f"\ufeff{mint.token()}\u200b\u202e{mint.token()}",
    "long": lambda mint: mint.token() * 200,
    "two lines": lambda mint: f"{mint.token()}\n{mint.token()}",
    "list": lambda mint: f"30,{mint.token()},*",
    "JSON list": lambda mint: f'["{mint.token()}", 30]',
    "JSON list that does not end": lambda mint: f'["{mint.token()}"',
    "JSON": lambda mint: f'{{"{mint.token()}": "{mint.token()}"}}',
    "assignment": lambda mint: f"OPENAI_API_KEY={mint.token()}",
    "scheme": lambda mint: f"Authorization: Bearer {mint.token()}",
    "own name in JSON": lambda mint: f'{{"OPENAI_API_KEY": "{mint.token()}"}}',
    "list with semicolons": lambda mint: f"{mint.token()};{mint.token()}",
    "list in brackets": lambda mint: f"['{mint.token()}', '{mint.token()}']",
    "key with a label": lambda mint: f"base64:{mint.key()}",
    "letter of another script": lambda mint: f"{mint.token()}\u0430{mint.token()}",
    "line end": lambda mint: f"{mint.token()}\r",
    "expansion": lambda mint: f"${{{mint.token()}}}${{NONE:-{mint.token()}}}${mint.token()}",
    "placeholder": lambda mint: f"your-key-here-{mint.token()}",
    "reference": lambda mint: f"op://vault/{mint.token()}/{mint.token()}",
    "template": lambda mint: f"{{{{ {mint.token()} }}}}$({mint.token()})${{{{{mint.token()}}}}}",
    "missing value": lambda mint: f"redis://{mint.token()}:undefined@example.net/?{mint.token()}",
    "URL": lambda mint: f"https://:{mint.token()}@host.example.net/?{mint.token()}#{mint.token()}",
    "URL with a slash in it": lambda mint: f"https://u:{mint.token()}/{mint.token()}@example.net/",
    "URL with a hash in it": lambda mint: f"redis://:{mint.token()}#{mint.token()}@example.net/0",
    "URL with a question in it": lambda mint: f"redis://{mint.token()}?{mint.token()}@example.net",
    "URL with an at in it": lambda mint: f"https://:{mint.token()}@{mint.token()}@example.net/",
    "URL with a comma in it": lambda mint: f"https://:{mint.token()},{mint.token()}@example.net/",
    "URL with a blank in it": lambda mint: f"https://:{mint.token()} {mint.token()}@example.net/",
    "URL with brackets": lambda mint: f"https://[{mint.token()}]:{mint.token()}/",
    "URL with a bad port": lambda mint: f"redis://example.net:{mint.token()}/0",
    "URL without a host": lambda mint: f"https:///{mint.token()}",
    "URL without a scheme": lambda mint: f"//:{mint.token()}@example.net/{mint.token()}",
    "URL with a bad scheme": lambda mint: f"{mint.token()}://{mint.token()}@example.net/",
    "URL with parameters": lambda mint: (
        f"rediss://{mint.token()}@example.net/{mint.token()}?ssl_cert_reqs={mint.token()}"
        f"&{mint.token()}={mint.token()}&db={mint.token()}"
    ),
    "URL of a database": lambda mint: (
        f"postgresql://u:{mint.token()}@{mint.token()}@a,b:1/{mint.token()}?sslmode={mint.token()}"
    ),
    "URL of a document database": lambda mint: (
        f"mongodb+srv://{mint.token()}:@example.net:1/{mint.token()}?tls={mint.token()}"
        f"&{mint.token()}=1"
    ),
    "URL of a broker": lambda mint: (
        f"amqp://{mint.token()}@{mint.token()}//?heartbeat={mint.token()}"
    ),
    "URL of a socket": lambda mint: f"unix://:{mint.token()}@/{mint.token()}.sock?{mint.token()}",
}
"""What people paste by mistake, and secrets that need quotes but have none."""

SOURCES: Mapping[str, Callable[[Assignments], Holding]] = {
    "the environment": lambda given: Holding(environ=given),
    "an env file": lambda given: in_file(_lines(given)),
    "standard input": lambda given: Holding(stdin=_lines(given), options={"--env-file": "-"}),
    "files named in the environment": lambda given: Holding(
        environ={f"{name}_FILE": f"{DIRECTORY}/{name}" for name in given}, files=_files(given)
    ),
    "files named in an env file": lambda given: in_file(
        _lines({f"{name}_FILE": f"{DIRECTORY}/{name}" for name in given}), _files(given)
    ),
    "a secrets directory": lambda given: Holding(
        files=_files(given), options={"--secrets-dir": DIRECTORY}
    ),
}
"""The sources from which a process reads assignments."""


def in_file(content: bytes, more: Mapping[str, bytes] | None = None) -> Holding:
    """
    Return a configuration that consists of an env file with this content.
    """
    return Holding(files={ENV_FILE: content, **(more or {})}, options={"--env-file": ENV_FILE})


def _lines(given: Assignments) -> bytes:
    return "".join(f"{name}={text}\n" for name, text in given.items()).encode()


def _files(given: Assignments) -> dict[str, bytes]:
    return {f"{DIRECTORY}/{name}": text.encode() for name, text in given.items()}


def rings(mint: Mint) -> Mapping[str, bytes]:
    """
    Return an env file for every state of a rotation, and for every mistake in the keys of a ring.
    """
    first, second, third = mint.key(), mint.key(), mint.key()
    rotated = f"ENCRYPTION_KEY={second}\nENCRYPTION_KEY_VERSION=1\nENCRYPTION_KEY_V0={first}\n"
    found = {
        "stable": f"ENCRYPTION_KEY={first}\n",
        "added": f"ENCRYPTION_KEY={first}\nENCRYPTION_KEY_V1={second}\n",
        "active": rotated,
        "ready": f"{rotated}ENCRYPTION_CANARY={canary.make(second, '')}\n",
        "canary of an older key": f"{rotated}ENCRYPTION_CANARY={canary.make(first, '')}\n",
        "canary of another key": f"{rotated}ENCRYPTION_CANARY={canary.make(third, '')}\n",
        "canary of another context": f"{rotated}ENCRYPTION_CANARY={canary.make(second, 'a')}\n",
        "key for a canary": f"{rotated}ENCRYPTION_CANARY={third}\n",
        "key for the file of a canary": f"{rotated}ENCRYPTION_CANARY_FILE={third}\n",
        "key for a version": f"ENCRYPTION_KEY={first}\nENCRYPTION_KEY_VERSION={second}\n",
        "older key cut short": f"{rotated}ENCRYPTION_KEY_V2={third[1:]}\n",
        "version too high": f"{rotated}ENCRYPTION_KEY_V256={third}\n",
        "version that is not a number": f"{rotated}ENCRYPTION_KEY_V_1={third}\n",
        "key in the place of a version": f"{rotated}ENCRYPTION_KEY_V{third}={third}\n",
        "two keys of a version": f"{rotated}ENCRYPTION_KEY_V00={third}\n",
        "one key of two versions": f"{rotated}ENCRYPTION_KEY_V2={first}\n",
        "older key twice": f"{rotated}encryption_key_v0={third}\n",
        "older key in a file": f"ENCRYPTION_KEY={first}\nENCRYPTION_KEY_V0_FILE={second}\n",
        "line that cannot be read": f"{rotated}ENCRYPTION_KEY_V2: {third}\n",
        "no current key": f"ENCRYPTION_KEY_V0={first}\n",
    }
    return {state: text.encode() for state, text in found.items()}


def litter(mint: Mint) -> bytes:
    """
    Return an env file with a secret in every place where none belongs.
    """
    token = mint.token
    capitals = token(39).upper()
    mint.made.append(capitals)
    return "\n".join(
        [
            token(),
            f"export {token()}",
            mint.key(),
            mint.foreign(),
            f"{token()} {token()}",
            f"# {token()}",
            f"OPENAI_API_KEY: {token()}",
            f"OPENAI_API_KEY {token()}",
            f"={token()}",
            f"{token()}=",
            f"{token()}={token()}",
            f"{mint.key()}=1",
            f"{mint.foreign()}=1",
            f"X{capitals}=1",
            f"Y{capitals}=changeme",
            f"{token()}=changeme",
            f"SUPABASE_SERVICE_ROLE_KEY{token(7).upper()}=changeme",
            f"MAIL_PASS=changeme-{token()}",
            f"SUPABASE_SERVICE_ROLE_KEY{token(12)}=1",
            f"SUPABASE_SERVICE_ROLE_KEY{token(7).upper()}=1",
            f"SUPABASE_SERVICE_ROLE_KEY_{token()}={token()}",
            f"OPENAI_API_KEYS={token()}",
            f"OPENAI_API_KEYS={token()}",
            f"openai_api_key={token()}",
            f"OPENAI_API_KEY={token()} # {token()}",
            f"OPENAI_API_KEY={token()}",
            f"LLM_CONNECT_TIMEOUT={token()}",
            f"'{token()}'={token()}",
            f"WEBHOOK_SECRET_FILE={token()}",
            f"SENTRY_DSN_FILE=/{token()}/{token()}",
            f"A_{'B' * 30}={token()}",
            f"PYDANTIC_SETTINGS_DEBUG={token()}",
            f"OPENAI_LOG={token()}",
            f"WORKERCTL_SETTINGS={token()}",
            f"ENV={token()}",
            f"ANTHROPIC_API_KEY='{token()}",
            f'GEMINI_API_KEY="{token()}',
        ]
    ).encode()


def unreadable(mint: Mint) -> Mapping[str, Holding]:
    """
    Return sources that cannot be read completely, with a secret in their content or name.
    """
    secret = mint.token().encode()
    line = b"OPENAI_API_KEY=" + secret
    growing = "".join(f"A{step + 1}=${{A{step}}}${{A{step}}}\n" for step in range(12)).encode()
    return {
        "env file that is not UTF-8": in_file(line + b"\xff\n"),
        "env file with a NUL": in_file(line + b"\0\n"),
        "env file with many blanks": in_file(line + b" " * 300 + b"#\n"),
        "env file that is too large": in_file(line + b"\n#" + b" " * 2**20),
        "standard input that is not UTF-8": Holding(
            stdin=line + b"\xff\n", options={"--env-file": "-"}
        ),
        "env file that expands beyond all bounds": in_file(b"A0=" + secret * 40 + b"\n" + growing),
        "env file called like a secret": Holding(options={"--env-file": mint.token()}),
        "env file called like a URL": Holding(
            options={"--env-file": f"redis://:{mint.token()}@example.net/{mint.token()}"}
        ),
        "directory called like a secret": Holding(options={"--secrets-dir": mint.token()}),
        "sources of the environment called like secrets": Holding(
            environ={
                "WORKERCTL_ENV_FILE": mint.token(),
                "WORKERCTL_SECRETS_DIR": mint.token(),
                "WORKERCTL_SETTINGS": mint.token(),
            }
        ),
        "directory of the environment called like a secret": Holding(
            environ={"WORKERCTL_SECRETS_DIR": mint.token()}
        ),
        "settings of the environment called like a secret": Holding(
            environ={"WORKERCTL_SETTINGS": mint.token()}
        ),
        "secret files that are not text": Holding(
            environ={
                "OPENAI_API_KEY_FILE": f"{DIRECTORY}/broken",
                "ENCRYPTION_KEY_FILE": f"{DIRECTORY}/nul",
                "WEBHOOK_SECRET_FILE": f"{DIRECTORY}/large",
                "REDIS_URL_FILE": DIRECTORY,
                "SENTRY_DSN_FILE": mint.token(),
                "GEMINI_API_KEY_FILE": f"{DIRECTORY}/{mint.token()}",
            },
            files={
                f"{DIRECTORY}/broken": secret + b"\xff",
                f"{DIRECTORY}/nul": secret + b"\0",
                f"{DIRECTORY}/large": secret * 50_000,
            },
        ),
        "secrets directory with strange files": Holding(
            files={
                f"{DIRECTORY}/{mint.token()}": secret,
                f"{DIRECTORY}/OPENAI_API_KEY": secret + b"\xff",
                f"{DIRECTORY}/openai_api_key": secret,
            },
            options={"--secrets-dir": DIRECTORY},
        ),
    }
