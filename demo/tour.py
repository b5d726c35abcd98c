"""
The first steps: check a broken production file, make a working .env, check the .env.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples/env"
FINDINGS = 1


def show(directory: Path) -> bool:
    """
    Run the steps, in an empty directory and here. Return whether each ended as expected.
    """
    say("1. A production file with common mistakes")
    broken = directory / "production.env"
    shutil.copyfile(EXAMPLES / "production-bad.env", broken)
    broken.chmod(0o600)
    broken_code = workerctl("check", "--isolated", "--env-file", broken.name, cwd=directory)

    say("2. A working .env for this machine")
    env = ROOT / ".env"
    if not env.exists():
        shutil.copyfile(EXAMPLES / "development.env", env)
        env.chmod(0o600)
        print("$ cp examples/env/development.env .env")
    has_key = "ENCRYPTION_KEY=" in env.read_text("utf-8")
    has_key = has_key or workerctl("keygen", "--write", ".env") == 0

    say("3. The configuration that a worker on this machine would start with")
    working_code = workerctl("check", "--isolated")
    return broken_code == FINDINGS and has_key and working_code == 0


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
