"""
Preflight for background workers: one typed schema, checked before the deploy and at boot.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__version__ = "0.1.0"


def lazy(package: str, homes: "Mapping[str, str]") -> "Callable[[str], object]":
    """
    Return a `__getattr__` for a package (PEP 562) that imports a public name on first use.

    `homes` maps each public name to the submodule that defines it. Importing the package or one of
    its submodules then does not import the others.
    """

    def resolve(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        from importlib import import_module

        value: object = getattr(import_module(f"{package}.{homes[name]}"), name)
        setattr(import_module(package), name, value)
        return value

    return resolve
