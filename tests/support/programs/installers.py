"""
Installers that install nothing, but link to the workerctl of the environment that runs the tests.
"""

import os
import sys
from pathlib import Path

_INSTALLER = """\
#!/bin/sh
case "$*" in
"tool dir --bin") echo {folder}; exit ;;
*"workerctl[manifests]"*) ln -sf {program} {folder}/workerctl ;;
*) ln -sf {folder}/without-yaml {folder}/workerctl ;;
esac
echo "$*" >> {folder}/installed
"""
_WITHOUT_YAML = """\
#!{python}
import sys

sys.modules["yaml"] = None
from workerctl.__main__ import main

main()
"""


def local_installer(folder: Path, name: str, program: Path) -> str:
    """
    Write a `uv` or a `pip` that links to a program. Return a PATH that begins with it.

    It writes its arguments to `folder/installed`. As with the real one, the program cannot import
    PyYAML unless it was installed with the extra that needs it.
    """
    folder.mkdir()
    scripts = {
        name: _INSTALLER.format(folder=folder, program=program),
        "without-yaml": _WITHOUT_YAML.format(python=sys.executable),
    }
    for script, text in scripts.items():
        (folder / script).write_text(text, "utf-8")
        (folder / script).chmod(0o755)
    return os.pathsep.join([str(folder), "/usr/bin", "/bin"])
