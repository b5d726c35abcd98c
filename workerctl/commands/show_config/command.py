"""
`workerctl show-config`: select the settings to show, and write them in a format.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from workerctl.commands.shared.world import World
from workerctl.commands.show_config import formats, rows
from workerctl.commands.show_config.table import columns_of, table
from workerctl.report.records import Record
from workerctl.rules import EncryptionKey
from workerctl.schema.loading import Loaded
from workerctl.schema.secrets.shown import Redact
from workerctl.sources.options import Options


class ShowConfigOptions(Record):
    """
    Which settings to show: the one called `name`, those of a `group`, the `changed` ones, or all.

    `env` is the environment whose required settings are marked, by default the configured one.
    `origin` says whether the table shows where values come from.
    """

    name: str | None = None
    group: str | None = None
    changed: bool = False
    env: str | None = None
    format: Literal["table", "json", "env"] = "table"
    origin: bool = True


def execute(world: World, options: Options, show: ShowConfigOptions) -> int:
    """
    Write the settings to standard output. Return the exit code.

    Raises UsageError for a setting or a group that does not exist.
    """
    loaded = world.load(options)
    name = None if show.name is None else rows.name_of(loaded, show.name)
    redact = rows.redactor_of(loaded)
    selected = rows.select(
        rows.rows(loaded, show.env, redact), group=show.group, changed=show.changed, name=name
    )
    if show.format == "json":
        from workerctl.output.json import dump

        return world.output.write(lambda stream: dump(formats.document(selected), stream))
    if show.format == "env":
        texts = rows.public_texts(loaded, selected)
        written = partial(formats.env_lines, selected, texts, literal_quotes=loaded.schema.is_own)
        return world.output.write(
            lambda stream: stream.writelines(
                f"{line}\n" for line in written(encoding=stream.encoding)
            )
        )
    if show.name is not None:
        return _show_one(world, loaded, selected[0], redact)
    columns = columns_of(world.stdout)
    return world.output.write_lines(table(selected, origin=show.origin, columns=columns))


def _show_one(world: World, loaded: Loaded, row: rows.Row, redact: Redact | None) -> int:
    from workerctl.budget.lookup import pipeline_of
    from workerctl.commands.show_config import story
    from workerctl.preflight import check_table

    checks = check_table(loaded.project)
    pipeline = pipeline_of(loaded.schema, loaded.project)
    read_by = story.readers(checks, row.setting.name, loaded.schema, pipeline)
    default = rows.shown_default(loaded, row.setting, redact)
    lines = [*story.story(row, default, read_by)]
    for key in loaded.schema.of(EncryptionKey):
        if key.name == row.setting.name:
            lines += story.rotation_story(loaded, key)
    return world.output.write_lines(lines)
