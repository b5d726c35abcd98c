"""
The documented exit codes, the same for every command and format.
"""

import enum


class ExitCode(enum.IntEnum):
    """
    What the exit status of `workerctl` means; `Report.exit_code` decides which one a run has.
    """

    OK = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERNAL = 70
    INTERRUPTED = 130
