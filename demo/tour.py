"""
The first steps: a broken production file judged, a working .env made, the .env judged.
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
    Run the steps, in an empty directory and here; whether each ended as it should.
    """
    say("1. A production file with the mistakes that people make")
    broken = directory / "production.env"
    shutil.copyfile(EXAMPLES / "production-bad.env", broken)
    broken.chmod(0o600)
    judged = workerctl("check", "--isolated", "--env-file", broken.name, cwd=directory)

    say("2. A working .env for this machine")
    env = ROOT / ".env"
    if not env.exists():
        shutil.copyfile(EXAMPLES / "development.env", env)
        env.chmod(0o600)
        print("$ cp examples/env/development.env .env")
    has_key = "ENCRYPTION_KEY=" in env.read_text("utf-8")
    keyed = has_key or workerctl("keygen", "--write", ".env") == 0

    say("3. What a worker on this machine would start with")
    green = workerctl("check", "--isolated")
    return judged == FINDINGS and keyed and not green


def say(title: str) -> None:
    """
    Announce a step.
    """
    print(f"\n{title}\n{'-' * len(title)}", flush=True)


def workerctl(*arguments: str, cwd: Path = ROOT) -> int:
    """
    Run the command as a user would, showing it first. Returns its exit code.
    """
    print(f"$ workerctl {' '.join(arguments)}", flush=True)
    program = Path(sys.executable).with_name("workerctl")
    code = subprocess.run([str(program), *arguments], cwd=cwd, check=False).returncode
    print(f"(exit code {code})\n", flush=True)
    return code
