"""
The text of the page of exit codes, which has one entry for each member of `ExitCode`.
"""

from workerctl.report.exit_codes import ExitCode

MEANINGS = {
    ExitCode.OK: """\
The command did what it should. For `check` and `run`: no finding is at or above the severity of
`--fail-on`, which is `error` by default.
Continue.""",
    ExitCode.FINDINGS: """\
A finding is at or above the severity of `--fail-on`, or a change was refused, such as a second
rotation while one is in progress.
Stop the deploy, and read the report.""",
    ExitCode.USAGE: """\
There is no verdict, because of the command line, the project or a named file: an option or code
that does not exist, a file that is missing or unreadable.
Correct the command: this is a broken pipeline, not a broken configuration.""",
    ExitCode.INCOMPLETE: """\
The verdict is incomplete: a check crashed, or the report or key could not be written.
Do not trust the run; repeat it once the cause is removed.""",
    ExitCode.INTERNAL: """\
A bug in workerctl (`EX_SOFTWARE`). The message names the place, and no value.
Report it.""",
    ExitCode.INTERRUPTED: """\
The command was interrupted, by Ctrl-C or SIGINT.
Run it again.""",
}
"""What each code means, and on the last line what a script or its author should do."""
OF_RUN = """\
`workerctl run` becomes its command, whose exit code then counts. Before that, it ends with the
codes above, and as shells do with 126 if the command cannot be executed, or 127 if it was not
found.

With several configurations in one run, the worst code counts.

## In a shell

A shell drops exit codes in places where it is easy to miss:

| Instead of | Write | Because |
|---|---|---|
| `local x=$(workerctl check)` | `x=$(workerctl check)` | `local` has an exit code, too |
| <code>workerctl check &#124; tee log</code> | `workerctl check --output log` | `tee` decides |
| `workerctl check; deploy` | `workerctl check && deploy` | `;` ignores the verdict |

A pipe has the exit code of the program that fails if `set -o pipefail` is in effect.
"""


def text() -> str:
    """
    Return the page below its title.
    """
    rows = map(_row, ExitCode)
    table = ["| Code | Meaning | What a script should do |", "|---|---|---|", *rows]
    return "\n".join([*table, "", OF_RUN])


def _row(code: ExitCode) -> str:
    meaning, _, advice = MEANINGS[code].rpartition("\n")
    return f"| {code.value} | {meaning.replace(chr(10), ' ')} | {advice} |"
