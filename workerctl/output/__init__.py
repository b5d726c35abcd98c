"""
FORMATS: the formats of a report, by the name that `--format` takes.
"""

from collections.abc import Mapping

from workerctl.output import json, text
from workerctl.output.base import Render

FORMATS: Mapping[str, Render] = {"text": text.render, "json": json.render}
