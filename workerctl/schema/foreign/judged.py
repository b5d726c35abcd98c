"""
The judged environment: what a settings class reads while workerctl imports and builds it.

While the context is entered, `os.environ` holds the judged variables, and the sources of env files
and secrets read the judged ones. Nested settings classes and validators that
look at the environment therefore see the same values.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import Any, Literal, get_args

import pydantic_settings
from pydantic_settings import DotEnvSettingsSource, SecretsSettingsSource
from pydantic_settings.sources.utils import parse_env_vars

from workerctl.report.records import Record
from workerctl.schema.imports import LOCK

Kind = Literal["environment", "env-file", "secret-file"]
"""The kind of a source, as in a Location."""

KINDS: tuple[Kind, ...] = get_args(Kind)
REMOTE = (
    "AWSSecretsManagerSettingsSource",
    "AzureKeyVaultSettingsSource",
    "GoogleSecretManagerSettingsSource",
)
"""The sources of pydantic-settings that reach the network when they are created."""


class JudgedEnvironment(Record):
    """
    The variables of the process, those of the env files in order, and the secrets directories.

    With `files` or `secrets_dirs` None, every class reads its own. `hidden` has the kinds of
    sources and the names of variables that are not to be seen there.
    """

    process: Mapping[str, str]
    files: tuple[Mapping[str, str], ...] | None = None
    secrets_dirs: tuple[str, ...] | None = None
    case_sensitive: bool = False
    hidden: frozenset[tuple[Kind, str]] = frozenset()

    def __repr__(self) -> str:
        return f"JudgedEnvironment({len(self.process)} variables)"

    def without(self, names: Iterable[str], kinds: Iterable[Kind] = KINDS) -> JudgedEnvironment:
        """
        Return the environment without variables, in the sources of these kinds.
        """
        folded = [self.fold(name) for name in names]
        hidden = {(kind, name) for kind in kinds for name in folded}
        return self.replace(hidden=self.hidden | hidden)

    def fold(self, name: str) -> str:
        """
        Return a variable name in the case in which the class compares names.
        """
        return name if self.case_sensitive else name.upper()

    def shows(self, kind: Kind, name: str) -> bool:
        """
        Return whether a variable of a source is visible.
        """
        return (kind, self.fold(name)) not in self.hidden

    def visible(self, kind: Kind, texts: Mapping[str, Any]) -> dict[str, Any]:
        """
        Return the visible ones of the variables of a source.
        """
        return {name: text for name, text in texts.items() if self.shows(kind, name)}

    @contextmanager
    def entered(self) -> Iterator[list[str]]:
        """
        Let everything in this process read the judged values until the context is left.

        Yield a list to which the names of sources are added that would reach the network. Whatever
        is printed meanwhile goes to standard error.
        """
        remote: list[str] = []
        with LOCK, ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            stack.enter_context(redirect_stdout(sys.stderr))
            stack.enter_context(_environ(self.visible("environment", self.process)))
            for owner, name, value in self._replacements(remote):
                stack.enter_context(replaced(owner, name, value))
            yield remote

    def _replacements(self, remote: list[str]) -> Iterator[tuple[Any, str, Any]]:
        # A class with cli_parse_args would take the arguments of workerctl for its own, and with
        # PYDANTIC_SETTINGS_DEBUG, the values would be logged.
        yield sys, "argv", sys.argv[:1]
        yield logging.getLogger("pydantic_settings"), "disabled", True
        yield DotEnvSettingsSource, "_read_env_files", _read_env_files(self)
        yield SecretsSettingsSource, "__init__", _init_secrets(self)
        yield SecretsSettingsSource, "find_case_path", _find_case_path(self)
        for name in REMOTE:
            source = getattr(pydantic_settings, name)
            yield source, "__init__", _init_remote(remote, name)
            yield source, "__call__", _nothing


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """
    Set an attribute until the context is left.
    """
    is_own = name in vars(owner)
    before = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if is_own:
            setattr(owner, name, before)
        else:
            delattr(owner, name)


@contextmanager
def _environ(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    try:
        _set_environ(variables)
        yield
    finally:
        _set_environ(before)


def _set_environ(variables: Mapping[str, str]) -> None:
    # The order counts, too: of several spellings of a name, pydantic-settings takes the last.
    if list(os.environ.items()) != list(variables.items()):
        os.environ.clear()
        os.environ.update(variables)


def _read_env_files(judged: JudgedEnvironment) -> Any:
    read_own = DotEnvSettingsSource._read_env_files  # noqa: SLF001 -- pinned by a test

    def read(source: DotEnvSettingsSource) -> Mapping[str, str | None]:
        if source.env_file is None:
            return {}
        if judged.files is None:
            return judged.visible("env-file", read_own(source))
        merged: dict[str, str | None] = {}
        for file in judged.files:
            merged |= parse_env_vars(
                file, source.case_sensitive, source.env_ignore_empty, source.env_parse_none_str
            )
        return judged.visible("env-file", merged)

    return read


def _init_secrets(judged: JudgedEnvironment) -> Any:
    init = SecretsSettingsSource.__init__

    def construct(source: SecretsSettingsSource, *args: Any, **kwargs: Any) -> None:
        init(source, *args, **kwargs)
        if judged.secrets_dirs is not None and source.secrets_dir is not None:
            source.secrets_dir = list(judged.secrets_dirs)

    return construct


def _find_case_path(judged: JudgedEnvironment) -> Any:
    find = SecretsSettingsSource.find_case_path

    def find_visible(
        _cls: type,
        dir_path: Any,
        file_name: str,
        case_sensitive: bool,  # noqa: FBT001 -- its signature
    ) -> Any:
        if not judged.shows("secret-file", file_name):
            return None
        return find(dir_path, file_name, case_sensitive)

    return classmethod(find_visible)


def _init_remote(remote: list[str], name: str) -> Any:
    def construct(source: Any, settings_cls: Any, *_args: Any, **_kwargs: Any) -> None:
        remote.append(name)
        source.settings_cls, source.config = settings_cls, settings_cls.model_config
        source.env_vars = {}

    return construct


def _nothing(_source: Any) -> dict[str, Any]:
    return {}
