"""
Errors that say whether to try again: the public door to their classification.
"""

from workerctl.runtime.backoff import Backoff, backoff, retryable
from workerctl.runtime.classification import classify
from workerctl.runtime.translation import Stage, translate_errors
from workerctl.runtime.verdict import Verdict

__all__ = ["Backoff", "Stage", "Verdict", "backoff", "classify", "retryable", "translate_errors"]
