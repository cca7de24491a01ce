"""Puts ES modules into one file, so that a page asks for one and not for one after the other.

The modules follow one another in the order in which they need each other, in one scope. So their
top-level names must differ, which is checked. It reads the plain forms that the modules keep to:
`import {a, b} from "./x.mjs"`, `export` before a declaration, and `export default Name`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["classic_script", "one_module"]

_IMPORT: Final = re.compile(
    r"""^import\s+\{(?:\s*\w+\s*,)*\s*\w*\s*\}\s+from\s+["']\./([^"']+)["'];?[ \t]*$""",
    re.MULTILINE,
)
_DECLARED: Final = re.compile(
    r"^(export\s+)?(?:(?:async\s+)?function\s*\*?|class|const|let)\s+(\w+)", re.MULTILINE
)
_DEFAULT: Final = re.compile(r"^export\s+default\s+(\w+);[ \t]*$", re.MULTILINE)
_EXPORT: Final = re.compile(r"^export\s+(?=(?:async|function|class|const|let)\b)", re.MULTILINE)
_LEFT_OVER: Final = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


def one_module(modules: Mapping[str, str], *, entry: str) -> str:
    """Write the modules as one ES module with the exports of one of them.

    Args:
        modules: File names and texts.
        entry: The file whose exports stay.

    Raises:
        ValueError: A module is missing, modules need each other in a circle, two have one name at
            their top, or an import or export has a form that is not known.
    """
    exports = (f"{own} as {shown}" for shown, own in _exports(modules, entry).items())
    return f"{_joined(modules, entry)}\nexport {{ {', '.join(exports)} }};\n"


def classic_script(modules: Mapping[str, str], *, entry: str, name: str) -> str:
    """Write the modules as a script that leaves one global: an object with the exports of one.

    Args:
        modules: File names and texts.
        entry: The file whose exports become the global.
        name: The global.

    Raises:
        ValueError: As for `one_module`.
    """
    exports = (f"{shown}: {own}" for shown, own in _exports(modules, entry).items())
    body = _joined(modules, entry).replace("import.meta.url", "thisScript")
    return (
        f"var {name} = (function () {{\n"
        '"use strict";\n'
        "const thisScript = (document.currentScript || {}).src || document.baseURI;\n"
        f"{body}\n"
        f"return {{ {', '.join(exports)} }};\n"
        "})();\n"
    )


def _joined(modules: Mapping[str, str], entry: str) -> str:
    order: list[str] = []
    _add(entry, modules, order=order, under_way=[])
    _check_names({file: modules[file] for file in order})
    return "\n".join(_plain(file, modules[file]) for file in order)


def _add(file: str, modules: Mapping[str, str], *, order: list[str], under_way: list[str]) -> None:
    if file in order:
        return
    if file in under_way:
        raise ValueError(f"modules need each other: {' -> '.join([*under_way, file])}")
    if file not in modules:
        raise ValueError(f"there is no module {file}")
    for needed in _IMPORT.finditer(modules[file]):
        _add(needed[1], modules, order=order, under_way=[*under_way, file])
    order.append(file)


def _check_names(modules: Mapping[str, str]) -> None:
    owners: dict[str, str] = {}
    for file, text in modules.items():
        for found in _DECLARED.finditer(text):
            owner = owners.setdefault(found[2], file)
            if owner != file:
                raise ValueError(f"{found[2]} is in {owner} and in {file}")


def _plain(file: str, text: str) -> str:
    text = _DEFAULT.sub("", _EXPORT.sub("", _IMPORT.sub("", text)))
    left = _LEFT_OVER.search(text)
    if left is not None:
        raise ValueError(f"{file}: a form that is not known: {left[0]}")
    return text.strip()


def _exports(modules: Mapping[str, str], entry: str) -> dict[str, str]:
    text = modules.get(entry, "")
    exports = {found[2]: found[2] for found in _DECLARED.finditer(text) if found[1]}
    default = _DEFAULT.search(text)
    return exports | ({"default": default[1]} if default else {})
