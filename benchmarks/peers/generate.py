"""
Write the peer programs from the schema of workerctl, so that all programs read the same settings.

    python generate.py DIRECTORY
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from workerctl.schema.description import describe
from workerctl.settings import Settings

PLAIN = """\
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def split(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", frozen=True, hide_input_in_errors=True)

{fields}


print(f"{{len(Settings().model_dump())}} settings are valid")
"""

ENVIRONS = """\
from environs import Env, validate

env = Env(eager=False)
env.read_env(".env", recurse=False)

{fields}

env.seal()
print(f"{{len(env.dump())}} settings are valid")
"""

DYNACONF = """\
from dynaconf import Dynaconf

settings = Dynaconf(envvar_prefix=False, load_dotenv=True, dotenv_path=".env")
"""

VARLOCK = """\
# @defaultSensitive=false @defaultRequired=false
# ---

{fields}
"""


class Field(NamedTuple):
    """
    A setting as the peers need it. `kind` is its type or, for a list, the type of its items.
    """

    name: str
    description: str
    kind: type
    default: Any
    secret: bool
    choices: tuple[str, ...]
    bounds: dict[str, float]

    @property
    def many(self) -> bool:
        """
        Whether the value is a list.
        """
        return isinstance(self.default, list)


def main() -> int:
    """
    Write each program into a separate directory.
    """
    directory = Path(sys.argv[1])
    fields = list(_fields())
    for path, text in {
        "plain/settings.py": PLAIN.format(fields="\n".join(map(_plain, fields))),
        "environs/settings.py": ENVIRONS.format(fields="\n".join(map(_environs, fields))),
        "dynaconf/config.py": DYNACONF,
        "dynaconf/dynaconf_validators.toml": "[default]\n" + "".join(map(_dynaconf, fields)),
        "varlock/.env.schema": VARLOCK.format(fields="\n".join(map(_varlock, fields))),
    }.items():
        (directory / path).parent.mkdir(exist_ok=True)
        (directory / path).write_text(text)
    print(f"{len(fields)} settings")
    return 0


def _fields() -> Iterator[Field]:
    for setting in describe(Settings):
        info = Settings.model_fields[setting.name]
        default = "" if setting.secret else setting.default
        kind = get_args(info.annotation)[0] if isinstance(default, list) else type(default)
        bounds = {
            name: getattr(item, name)
            for item in info.metadata
            for name in ("gt", "ge", "le")
            if hasattr(item, name)
        }
        yield Field(
            name=setting.name,
            description=setting.description,
            kind=get_args(kind)[0] if get_origin(kind) is not None else kind,
            default=default,
            secret=setting.secret,
            choices=get_args(info.annotation) if get_origin(info.annotation) is Literal else (),
            bounds=bounds,
        )


def _plain(field: Field) -> str:
    kind = "SecretStr" if field.secret else field.kind.__name__
    if field.choices:
        kind = f"Literal{list(field.choices)}"
    if field.many:
        kind = f"Annotated[list[{kind}], NoDecode, BeforeValidator(split)]"
    default = f"SecretStr({field.default!r})" if field.secret else repr(field.default)
    bounds = "".join(f", {name}={bound}" for name, bound in field.bounds.items())
    return f"    {field.name}: {kind} = Field({default}, description={field.description!r}{bounds})"


def _environs(field: Field) -> str:
    what = "list" if field.many else field.kind.__name__
    more = f", subcast={field.kind.__name__}" if field.many else ""
    if field.choices:
        more += f", validate=validate.OneOf({field.choices})"
    if field.bounds:
        low = field.bounds.get("gt", field.bounds.get("ge"))
        exclusive = f", min_inclusive={'gt' not in field.bounds}"
        high = f", max={field.bounds['le']}" if "le" in field.bounds else ""
        more += f", validate=validate.Range(min={low}{exclusive}{high})"
    return f'{field.name} = env.{what}("{field.name}", {field.default!r}{more})'


def _dynaconf(field: Field) -> str:
    names = {"gt": "gt", "ge": "gte", "le": "lte"}
    rules = {names[name]: bound for name, bound in field.bounds.items()}
    given: dict[str, object] = {"default": field.default, **rules}
    if field.choices:
        given["is_in"] = list(field.choices)
    return f"{field.name} = {{{', '.join(f'{key} = {_toml(it)}' for key, it in given.items())}}}\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def _varlock(field: Field) -> str:
    if field.many:
        kind, default = "string", ",".join(map(str, field.default))
    elif field.choices:
        kind, default = f"enum({', '.join(field.choices)})", field.default
    elif field.kind is bool:
        kind, default = "boolean", str(field.default).lower()
    elif field.kind is str:
        kind, default = "string", field.default
    else:
        # Varlock has no exclusive minimum; for whole numbers, the next number is equivalent.
        low = field.bounds["gt"] + 1 if "gt" in field.bounds else field.bounds.get("ge")
        rules = {"min": low, "max": field.bounds.get("le")}
        given = [f"{name}={bound}" for name, bound in rules.items() if bound is not None]
        given += ["isInt=true"] if field.kind is int else []
        kind, default = f"number({', '.join(given)})", field.default
    sensitive = " @sensitive" if field.secret else ""
    return f"# {field.description}\n# @type={kind}{sensitive}\n{field.name}={default}\n"


if __name__ == "__main__":
    sys.exit(main())
