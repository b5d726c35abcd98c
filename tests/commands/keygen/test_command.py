"""
Tests of `workerctl keygen` with its options: effects, messages and refusals.
"""

import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.leaks.oracle import Mint, Oracle
from workerctl import keys
from workerctl.keyring import canary, tokens
from workerctl.keyring.versions import VersionedKey

Call = Callable[..., CompletedProcess[str]]

MINT = Mint(9)
FIRST, SECOND = MINT.key(), MINT.key()
FIRST_ID, SECOND_ID = keys.key_id(FIRST), keys.key_id(SECOND)
WEAK = "0123456789abcdef" * 4


@pytest.fixture(name="file")
def _file(directory: Path) -> Path:
    """
    Return an env file with a key, in the working directory.
    """
    path = directory / "worker.env"
    path.write_text(f"ENCRYPTION_KEY={FIRST}\n")
    path.chmod(0o600)
    return path


def ids(text: str) -> list[str]:
    """
    Return the key ids in a text.
    """
    return re.findall("wk1:[0-9a-f]{16}", text)


def assigned(path: Path, name: str) -> str:
    """
    Return the value that the file assigns to a name.
    """
    (value,) = re.findall(rf"^{name}=(.*)$", path.read_text(), re.MULTILINE)
    return str(value)


def stderr_only(done: CompletedProcess[str]) -> str:
    """
    Return standard error. Standard output must be empty, and no part of a key in the text.
    """
    assert done.stdout == ""
    assert Oracle(MINT.made).leaks(done.stderr) == []
    return done.stderr


def test_each_step_of_a_rotation_reports_the_state_and_the_next_step(
    call: Call, file: Path
) -> None:
    """
    Each step writes the state and the next step to standard error.
    """
    added = stderr_only(call("keygen", "--add", "--write", "worker.env"))
    new = keys.key_id(assigned(file, "ENCRYPTION_KEY_V1"))
    assert added == (
        f"worker.env: version 0 ({FIRST_ID}) is current, version 1 ({new}) only decrypts.\n"
        "When every worker has the new key, make it current with "
        "`workerctl keygen --rotate --write FILE`, and deploy again.\n"
    )
    rotated = stderr_only(call("keygen", "--rotate", "--write", "worker.env"))
    assert rotated == (
        f"worker.env: version 1 ({new}) is current, version 0 ({FIRST_ID}) only decrypts.\n"
        "A worker that reads only versions 1 to 255 does not find version 0.\n"
        "When every worker has the new key, re-encrypt the data of version 0 and count what "
        "remains; at 0, run `workerctl keygen --retire 0 --in-use 0 --write FILE`.\n"
    )
    retired = stderr_only(call("keygen", "--retire", "0", "--in-use", "0", "--write", "worker.env"))
    assert retired == (
        f"worker.env: version 1 ({new}) is current.\n"
        "Version 0 is retired; backups of data that it encrypted still need it.\n"
    )


def test_the_next_step_includes_the_canary(call: Call, file: Path) -> None:
    """
    If there is a canary, it must be renewed before a key is retired.
    """
    call("keygen", "--canary", "--write", "worker.env")
    rotated = stderr_only(call("keygen", "--rotate", "--write", "worker.env"))
    assert rotated.endswith("at 0, renew the canary with `workerctl keygen --canary`.\n")

    early = call("keygen", "--retire", "0", "--in-use", "0", "--write", "worker.env")
    assert early.returncode == 1
    assert stderr_only(early).startswith("workerctl: The canary was made with version 0. Count the")
    assert assigned(file, "ENCRYPTION_KEY_V0") == FIRST
    renewed = stderr_only(call("keygen", "--canary", "--write", "worker.env"))
    assert renewed.endswith("renew it only after counting to 0.\n")


def test_the_next_step_includes_a_canary_in_a_file(call: Call, file: Path) -> None:
    """
    A canary in a separate file is treated like one in the env file.
    """
    file.with_name("canary").write_text(canary.make(FIRST, ""))
    with file.open("a") as lines:
        lines.write("ENCRYPTION_CANARY_FILE=canary\n")
    rotated = stderr_only(call("keygen", "--rotate", "--write", "worker.env"))

    assert rotated.endswith("at 0, renew the canary with `workerctl keygen --canary`.\n")


def test_a_key_that_never_wrote_is_dropped_without_a_warning(call: Call, file: Path) -> None:
    """
    A key that was added and never current is retired without a warning about backups.
    """
    call("keygen", "--add", "--write", "worker.env")
    done = call("keygen", "--retire", "1", "--in-use", "0", "--write", "worker.env")

    assert stderr_only(done).endswith("Version 1 is retired.\n")
    assert file.read_text() == f"ENCRYPTION_KEY={FIRST}\n"


def test_from_names_the_version_to_start_at(call: Call, file: Path) -> None:
    """
    A script that runs twice, or at the same time as another, rotates once.
    """
    words = ("keygen", "--rotate", "--from", "0", "--write", "worker.env")
    first, second = call(*words), call(*words)

    assert (first.returncode, second.returncode) == (0, 1)
    assert "), not version 0. Someone has already rotated the file" in stderr_only(second)
    assert assigned(file, "ENCRYPTION_KEY_VERSION") == "1"


def test_a_count_that_is_not_zero_keeps_the_key(call: Call, file: Path) -> None:
    """
    A version that values still need is not retired.
    """
    call("keygen", "--rotate", "--write", "worker.env")
    done = call("keygen", "--retire", "0", "--in-use", "12", "--write", "worker.env")

    assert done.returncode == 1
    assert stderr_only(done) == (
        "workerctl: 12 values still need version 0. Re-encrypt them, and count again.\n"
    )


def test_the_mode_of_a_file_is_restricted(call: Call, file: Path) -> None:
    """
    Every step removes the permissions of other accounts, and reports it.
    """
    group = (
        "Accounts outside its group could access the file; now they cannot. Its group still can, "
        "until you run `chmod 600`.\n"
    )
    owner = "Other accounts could access the file; now they cannot.\n"
    for word, before, after, said in (
        ("--add", 0o644, 0o640, group),
        ("--rotate", 0o604, 0o600, owner),
        ("--canary", 0o666, 0o660, group),
    ):
        file.chmod(before)
        done = call("keygen", word, "--write", "worker.env")
        assert stderr_only(done).endswith(said)
        assert file.stat().st_mode & 0o777 == after


def test_a_canary_is_all_that_is_printed(call: Call, file: Path) -> None:
    """
    Only the canary is written to standard output, so that it can be redirected to a file.
    """
    done = call("keygen", "--canary", "--env-file", "worker.env")
    token = done.stdout.removesuffix("\n")
    held = [VersionedKey("ENCRYPTION_KEY", 0, FIRST)]

    assert canary.verify(token, held, "").outcome is canary.Outcome.OPENS
    assert done.stderr == (
        f"This is a canary of version 0 ({FIRST_ID}), bound to no context.\n"
        "Set ENCRYPTION_CANARY to it.\n"
    )
    assert file.read_text() == f"ENCRYPTION_KEY={FIRST}\n"


def test_a_canary_is_bound_to_the_configured_context_or_the_named_one(
    call: Call, file: Path
) -> None:
    """
    A named context must be configured as well, which the message says without repeating it.
    """
    held = [VersionedKey("ENCRYPTION_KEY", 0, FIRST)]
    file.write_text(f"ENV=staging\nENCRYPTION_KEY={FIRST}\nENCRYPTION_CANARY_CONTEXT=${{ENV}}/db\n")
    configured = call("keygen", "--canary", "--env-file", "worker.env")
    named = call("keygen", "--canary", "--context", "예 b", "--env-file", "worker.env")

    for done, context in ((configured, "staging/db"), (named, "예 b")):
        judged = canary.verify(done.stdout.strip(), held, context)
        assert judged.outcome is canary.Outcome.OPENS
    assert "to the same context" not in configured.stderr
    assert named.stderr.endswith(", and ENCRYPTION_CANARY_CONTEXT to the same context.\n")


def test_a_canary_is_written_with_its_context(call: Call, file: Path) -> None:
    """
    A canary and its context are written together, for the key of the file, not that of `.env`.
    """
    file.with_name(".env").write_text(f"ENCRYPTION_KEY={SECOND}\n")
    done = call("keygen", "--canary", "--context", "staging/db", "--write", "worker.env")
    parsed = tokens.parse_canary(assigned(file, "ENCRYPTION_CANARY"))

    assert parsed is not None
    assert parsed.key_id == FIRST_ID
    assert assigned(file, "ENCRYPTION_CANARY_CONTEXT") == "staging/db"
    assert stderr_only(done) == (
        f"worker.env has a new canary of version 0 ({FIRST_ID}), bound to a context.\n"
    )
    checked = call("check", "--isolated", "--env-file", "worker.env", "--select", "KEY006")
    assert "KEY006" in checked.stdout
    assert checked.returncode == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ENCRYPTION_KEY is empty."),
        ("ENCRYPTION_KEY=short\n", "ENCRYPTION_KEY has 5 characters, not 64, and 5 characters"),
        (f"ENCRYPTION_KEY={WEAK}\n", "ENCRYPTION_KEY is an example from public documentation."),
    ],
)
@pytest.mark.parametrize("option", ["--env-file", "--write"])
def test_only_a_random_key_gets_a_canary(
    call: Call, file: Path, option: str, text: str, message: str
) -> None:
    """
    A missing, malformed or weak key gets no canary.
    """
    file.write_text(text)
    done = call("keygen", "--canary", option, "worker.env")

    assert done.returncode == 1
    assert stderr_only(done).startswith(f"workerctl: {message}")
    assert file.read_text() == text


def test_the_ids_of_a_ring(call: Call, file: Path) -> None:
    """
    The current key comes first; a weak older key has no id.
    """
    file.write_text(
        f"ENCRYPTION_KEY_V0={WEAK}\nENCRYPTION_KEY_V10={FIRST}\nENCRYPTION_KEY={SECOND}\n"
        "ENCRYPTION_KEY_VERSION=11\n"
    )
    done = call("keygen", "--id", "--env-file", "worker.env")
    assert done.stdout == (
        f"ENCRYPTION_KEY {SECOND_ID}\nENCRYPTION_KEY_V0 weak, without id\n"
        f"ENCRYPTION_KEY_V10 {FIRST_ID}\n"
    )
    file.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_V1={SECOND}0\n")
    broken = call("keygen", "--id", "--env-file", "worker.env")
    assert broken.returncode == 1
    assert "ENCRYPTION_KEY_V1 has 65 characters" in stderr_only(broken)
    assert ids(broken.stderr) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--add", "--add requires --write. Name the env file: --write FILE."),
        ("--rotate", "--rotate requires --write. Name the env file: --write FILE."),
        ("--rotate --from 0", "--rotate requires --write. Name the env file: --write FILE."),
        ("--retire 0 --in-use 0", "--retire requires --write. Name the env file: --write FILE."),
        ("--retire 0 --write worker.env", "--retire requires --in-use COUNT, the number of values"),
        ("--add --rotate --write worker.env", "--add and --rotate cannot be combined."),
        ("--rotate --retire 0 --write worker.env", "--rotate and --retire cannot be combined."),
        ("--canary --id", "--canary and --id cannot be combined."),
        ("--from 0 --write worker.env", "--from requires --rotate."),
        ("--add --from 0 --write worker.env", "--from requires --rotate."),
        ("--in-use 0", "--in-use requires --retire."),
        ("--context a/b", "--context requires --canary."),
        ("--rotate --context a/b --write worker.env", "--context requires --canary."),
        ("--id --write worker.env", "--id does not write a file."),
        ("--canary --write a.env --env-file b.env", "--write already names the env file."),
        (
            "--canary --context a$b --write worker.env",
            "With --write, a context may contain only letters,",
        ),
        ("--retire one --in-use 0 --write worker.env", "Invalid value for --retire."),
        ("--retire 0 --in-use -1 --write worker.env", "Invalid value for --in-use."),
        ("--rotate --from x --write worker.env", "Invalid value for --from."),
        ("--rotate --write bX7kQ2mN9pR4sT6vW8yZ3aB5", "--write names a file that does not exist"),
    ],
)
def test_invalid_combinations_of_options_are_reported(
    call: Call, file: Path, words: str, message: str
) -> None:
    """
    An invalid combination of options has exit code 2, and nothing is written.
    """
    done = call("keygen", *words.split())

    assert done.returncode == 2
    assert stderr_only(done).startswith(f"workerctl: {message}")
    assert file.read_text() == f"ENCRYPTION_KEY={FIRST}\n"
    assert [path.name for path in file.parent.iterdir() if path.suffix == ".env"] == ["worker.env"]


def test_show_config_shows_the_state_of_the_rotation(call: Call, file: Path) -> None:
    """
    `show-config` shows the state and the next step that the check reports.

    If the ring is ambiguous, it shows neither.
    """
    words = ("show-config", "ENCRYPTION_KEY", "--env-file", "worker.env")
    assert f"rotation    stable: version 0 ({FIRST_ID}) is current\n" in call(*words).stdout
    assert "next step" not in call(*words).stdout

    call("keygen", "--add", "--write", "worker.env")
    shown = call(*words).stdout
    found = call("check", "--env-file", "worker.env", "--select", "KEY007").stdout
    assert "  rotation    new key added, not active: version 0 (" in shown
    (step,) = re.findall("next step   (.*)", shown)
    assert step in found
    assert "KEY007 A rotation is under way (new key added, not active): version 0 (" in found

    file.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_V1={FIRST}\n")
    assert "unclear: ENCRYPTION_KEY_V1 is the same key as version 0" in call(*words).stdout
    file.write_text("ENV=development\n")
    assert "rotation" not in call(*words).stdout
