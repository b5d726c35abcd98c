"""
Tests of sources of a class that cannot be read: they are not called a rejection by a validator.
"""

import json
from pathlib import Path

import pytest

from tests.schema.foreign.conftest import Load
from workerctl.report.findings import Location, Severity

SOURCES = """
class Own(PydanticBaseSettingsSource):
    def get_field_value(self, field, field_name):
        return None, field_name, False
    def __call__(self):
        return dict(os.environ["k9Xq2"])

class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        toml_file="conf/app.toml", json_file="app.json", yaml_file="app.yaml"
    )
    size: int = 0

    @field_validator("size", mode="before")
    @classmethod
    def parse(cls, value):
        return {parse}

    @classmethod
    def settings_customise_sources(cls, settings_cls, env_settings, **further):
        return env_settings, {source}
"""


@pytest.mark.parametrize(
    ("source", "file", "text", "line"),
    [
        ("TomlConfigSettingsSource", "conf/app.toml", "# k9Xq2\nsize = 3 k9Xq2\n", 2),
        ("TomlConfigSettingsSource", "conf/app.toml", "k9Xq2 = 1\nk9Xq2 = 2\n", 2),
        ("TomlConfigSettingsSource", "conf/app.toml", 'size = "k9Xq2', None),
        ("JsonConfigSettingsSource", "app.json", '{\n\n"size": k9Xq2}', 3),
        ("YamlConfigSettingsSource", "app.yaml", "a: 1\nsize: [k9Xq2\n", 3),
        ("YamlConfigSettingsSource", "app.yaml", "size: *k9Xq2\n", 1),
    ],
)
def test_a_file_that_is_not_in_its_format(
    load_module: Load, here: Path, source: str, file: str, text: str, line: int | None
) -> None:
    """The message names the file and the line, and nothing that stands there."""
    if source.startswith("Yaml"):
        pytest.importorskip("yaml")  # an extra of pydantic-settings
    (here / "conf").mkdir()
    (here / file).write_text(text)
    found = load_module(SOURCES.format(parse="value", source=f"{source}(settings_cls)"))

    (finding,) = found.findings
    place = file if line is None else f"{file}:{line}"
    form = source.partition("Config")[0].upper()
    assert finding.message == f"{place} is not readable {form}."
    assert finding.location == Location("other", file, line)
    assert found.settings is None
    assert "k9Xq2" not in repr(finding)

    (here / file).write_text("{}" if file.endswith("json") else "")
    found = load_module(SOURCES.format(parse="value", source=f"{source}(settings_cls)"))
    assert (found.findings, found.settings.size) == ((), 0)


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("Own(settings_cls)", "Own (KeyError)", "See config.py:12."),
        ("further['k9Xq2']", "settings_customise_sources (KeyError)", "See config.py:27."),
        (
            "JsonConfigSettingsSource(settings_cls)",
            "app.json (UnicodeDecodeError)",
            "See config.py:27.",
        ),
    ],
)
def test_a_source_that_fails_otherwise(
    load_module: Load, here: Path, source: str, message: str, hint: str
) -> None:
    """The source is named, with the type of the exception and the line in the team's code."""
    (here / "app.json").write_bytes(b"\xff\xfe")
    found = load_module(SOURCES.format(parse="value", source=source))

    assert [(each.message, each.hint) for each in found.findings] == [
        (f"A source of Settings cannot be read: {message}.", hint)
    ]
    assert "k9Xq2" not in repr(found.findings)


def test_what_this_machine_lacks_is_a_warning(load_module: Load) -> None:
    """A source that looks for a file of the worker is not a validator either."""
    text = SOURCES.format(parse="value", source="Own(settings_cls)")
    found = load_module(text.replace('os.environ["k9Xq2"]', "open('/absent/k9Xq2')"))

    (finding,) = found.findings
    assert (finding.severity, finding.message) == (
        Severity.WARNING,
        "Settings cannot be judged on this machine (FileNotFoundError in Own).",
    )


@pytest.mark.parametrize(
    "parse", ["__import__('yaml').safe_load(value)['x']", "__import__('json').loads(value)"]
)
def test_a_validator_that_parses_remains_a_validator(
    load_module: Load, here: Path, parse: str
) -> None:
    """The value of a variable is not a source."""
    (here / "app.json").write_text(json.dumps({}))
    text = SOURCES.format(parse=parse, source="JsonConfigSettingsSource(settings_cls)")
    found = load_module(text, {"SIZE": "[k9Xq2"})

    (finding,) = found.findings
    assert finding.message == "SIZE is rejected by validator `Settings.parse` (config.py:23)."


SECRET_FILES = """
class Settings(BaseSettings):
    {config}
    db_password: SecretStr{default}
    port: int = 1
"""


@pytest.mark.parametrize("default", ["", ' = SecretStr("")'], ids=["required", "optional"])
@pytest.mark.parametrize("content", [b"caf\xe9-k9Xq2\n", "k9Xq2".encode("utf-16"), None])
@pytest.mark.parametrize("is_own", [True, False], ids=["own directory", "named directory"])
def test_a_secret_file_that_cannot_be_read(
    load_module: Load, here: Path, content: bytes | None, default: str, *, is_own: bool
) -> None:
    """It is the cause, whatever the class makes of it; a broken link is such a file."""
    (here / "sec").mkdir()
    (here / "sec/port").write_text("8000\n")
    if content is None:
        (here / "sec/db_password").symlink_to("k9Xq2")
    else:
        (here / "sec/db_password").write_bytes(content)
    config = 'model_config = SettingsConfigDict(secrets_dir="sec")' if is_own else ""
    text = SECRET_FILES.format(config=config, default=default)
    found = load_module(text) if is_own else load_module(text, secrets_dir="sec")

    (finding,) = found.findings
    assert finding.message == "db_password is a file that cannot be read as text."
    assert finding.fields == ("DB_PASSWORD",)
    assert str(finding.location).endswith("sec/db_password")
    assert "DB_PASSWORD" in found.invalid
