"""
The documented exit codes, the same for every command and format.
"""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """
    The exit status of `workerctl`. `Report.exit_code` decides which one a run has.
    """

    OK = 0
    FINDINGS = 1  # a finding fails the run, or a change is refused
    USAGE = 2
    INCOMPLETE = 3  # a check crashed, or the output could not be written
    INTERNAL = 70  # EX_SOFTWARE in sysexits.h
    INTERRUPTED = 130  # 128 + SIGINT
