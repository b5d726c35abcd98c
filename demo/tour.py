"""
The first steps: check any settings class, a broken production file, and a working .env.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples/env"
FINDINGS = 1

# A settings class that knows nothing of workerctl, and the same with one word at a field.
CLASS = """\
from typing import Annotated

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from workerctl.rules import Off


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")

    stage: str = "dev"
    {debug}
    api_key: SecretStr


settings = Settings()
"""
PLAIN = "debug: bool = False"
RULED = 'debug: Annotated[bool, Off("production")] = False'
VALUES = "SHOP_STAGE=prod\nSHOP_DEBUG=true\nSHOP_API_KEY=hT5zqN8vYc3KrB6m\n"


def show(directory: Path) -> bool:
    """
    Run the steps, in an empty directory and here. Return whether each ended as expected.
    """
    say("1. A settings class of your own, before and after one word at a field")
    before, after = _own_class(directory, PLAIN), _own_class(directory, RULED)

    say("2. A production file with common mistakes, for the built-in schema")
    broken = directory / "production.env"
    shutil.copyfile(EXAMPLES / "production-bad.env", broken)
    broken.chmod(0o600)
    broken_code = workerctl("check", "--isolated", "--env-file", broken.name, cwd=directory)

    say("3. A working .env for this machine")
    env = ROOT / ".env"
    if not env.exists():
        shutil.copyfile(EXAMPLES / "development.env", env)
        env.chmod(0o600)
        print("$ cp examples/env/development.env .env")
    has_key = "ENCRYPTION_KEY=" in env.read_text("utf-8")
    has_key = has_key or workerctl("keygen", "--write", ".env") == 0

    say("4. The configuration that a worker on this machine would start with")
    working_code = workerctl("check", "--isolated")

    is_expected = (broken_code, working_code, before, after) == (FINDINGS, 0, 0, FINDINGS)
    return is_expected and has_key


def _own_class(directory: Path, debug: str) -> int:
    """
    Write a project with a settings class that has this line, and return the exit code of a check.
    """
    values = directory / "shop.env"
    values.write_text(VALUES, "utf-8")
    values.chmod(0o600)
    (directory / "shop.py").write_text(CLASS.replace("{debug}", debug), "utf-8")
    print(f"shop.py: {debug}")
    options = ("--isolated", "--settings", "shop:Settings", "--env-file", values.name)
    return workerctl("check", *options, cwd=directory)


def say(title: str) -> None:
    """
    Print the heading of a step.
    """
    print(f"\n{title}\n{'-' * len(title)}", flush=True)


def workerctl(*arguments: str, cwd: Path = ROOT) -> int:
    """
    Print the command, run it as a user would, and return its exit code.
    """
    print(f"$ workerctl {' '.join(arguments)}", flush=True)
    program = Path(sys.executable).with_name("workerctl")
    code = subprocess.run([str(program), *arguments], cwd=cwd, check=False).returncode
    print(f"(exit code {code})\n", flush=True)
    return code
