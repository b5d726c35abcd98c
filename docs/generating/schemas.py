"""
The text of the page about JSON documents, from the JSON Schemas of the package.
"""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

INTRODUCTION = """\
Programs read these documents. Each names its format in `schema`; a change that a reader could
notice gets a new number. The schemas are part of the package, and no document contains a secret:

```python
import json
from importlib.resources import files

schema = json.loads(files("workerctl.output").joinpath("report.schema.json").read_text("utf-8"))
```
"""


def text() -> str:
    """
    Return the page below its title.
    """
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    paths = files("workerctl.output").iterdir()
    for path in sorted(paths, key=lambda each: each.name):
        if path.name.endswith(".schema.json"):
            yield from _document(path.name, json.loads(path.read_text("utf-8")))


def _document(name: str, schema: dict[str, Any]) -> Iterator[str]:
    definitions = schema.get("$defs", {})
    yield f"## {schema['title'].replace('/', ', version ').removeprefix('workerctl.')}\n"
    yield f"{schema['description']} Its schema is `workerctl/output/{name}`.\n"
    yield from _table(schema, definitions)
    for title, definition in definitions.items():
        if "properties" in definition:
            yield f"**{title}**\n"
            yield from _table(definition, definitions)


def _table(schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    yield "| Member | Type | Meaning |"
    yield "|---|---|---|"
    yield from _rows(schema, definitions, "")
    yield ""


def _rows(schema: dict[str, Any], definitions: dict[str, Any], path: str) -> Iterator[str]:
    for name, member in schema["properties"].items():
        meaning = member.get("description", "")
        if name not in schema.get("required", ()):
            meaning = f"{meaning} May be missing.".strip()
        yield f"| `{path}{name}` | {_type(member, definitions)} | {_cell(meaning)} |"
        if "properties" in member:
            yield from _rows(member, definitions, f"{path}{name}.")


def _type(member: dict[str, Any], definitions: dict[str, Any]) -> str:
    """
    Return what a value of a member may be, in words; an object that is defined by its name.

        >>> _type({"type": ["string", "null"]}, {})
        'string or null'
    """
    if "const" in member:
        return f"`{json.dumps(member['const'])}`"
    if "enum" in member:
        return ", ".join(f"`{json.dumps(value)}`" for value in member["enum"])
    if "$ref" in member:
        name = member["$ref"].rpartition("/")[2]
        definition = definitions.get(name, {"type": name})
        return name if "properties" in definition else _type(definition, definitions)
    if "anyOf" in member:
        kinds = [_type(each, definitions) for each in member["anyOf"]]
        return " or ".join(sorted(kinds, key=lambda kind: kind == "null"))
    kind = member.get("type", "any value")
    if kind == "array":
        return f"array of {_type(member.get('items', {}), definitions)}"
    return kind if isinstance(kind, str) else " or ".join(kind)


def _cell(written: str) -> str:
    return written.replace("|", "&#124;")
