"""Makes one classic script of ES modules, for pages that load the browser module with a script tag.

Each module becomes a function with names of its own, in the order in which they need each other:
no name of one can clash with a name of another, and nothing but the one global is visible. It reads
the plain forms that the modules keep to: `import {a, b as c} from "./x.mjs"`, `import * as x`,
`export` before a declaration, `export {a, b as c}`, `export default Name`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["bundle"]

_IMPORT: Final = re.compile(
    r"""^import\s+(\{[^}]*\}|\*\s+as\s+\w+|\w+)\s+from\s+["']\./([^"']+)["'];?[ \t]*$""",
    re.MULTILINE,
)
_EXPORTED: Final = re.compile(
    r"^export\s+((?:async\s+)?function\s*\*?|class|const|let)\s+(\w+)", re.MULTILINE
)
_DEFAULT: Final = re.compile(r"^export\s+default\s+(\w+);?[ \t]*$", re.MULTILINE)
_LIST: Final = re.compile(r"^export\s+\{([^}]*)\};?[ \t]*$", re.MULTILINE)
_LEFT_OVER: Final = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


def bundle(modules: Mapping[str, str], *, entry: str, name: str) -> str:
    """Write the script.

    Args:
        modules: File names and texts.
        entry: The file whose exports become the global.
        name: The global.

    Raises:
        ValueError: A module is missing, modules need each other in a circle, or an import or
            export has a form that is not known.
    """
    parts: list[str] = []
    _add(entry, modules, done=set(), under_way=[], parts=parts)
    body = "\n".join(parts)
    return (
        f"var {name} = (function () {{\n"
        '"use strict";\n'
        "const addressOfThisScript = document.currentScript ? document.currentScript.src"
        " : document.baseURI;\n"
        f"{body}\n"
        f"return {_variable(entry)};\n"
        "})();\n"
    )


def _add(
    file: str,
    modules: Mapping[str, str],
    *,
    done: set[str],
    under_way: list[str],
    parts: list[str],
) -> None:
    if file in done:
        return
    if file in under_way:
        raise ValueError(f"modules need each other: {' -> '.join([*under_way, file])}")
    if file not in modules:
        raise ValueError(f"there is no module {file}")
    for needed in _IMPORT.finditer(modules[file]):
        _add(needed[2], modules, done=done, under_way=[*under_way, file], parts=parts)
    done.add(file)
    parts.append(_function(file, modules[file]))


def _function(file: str, text: str) -> str:
    exports: dict[str, str] = {}
    for found in _EXPORTED.finditer(text):
        exports[found[2]] = found[2]
    for found in _LIST.finditer(text):
        exports |= {shown: own for own, shown in _pairs(found[1])}
    for found in _DEFAULT.finditer(text):
        exports["default"] = found[1]
    text = _IMPORT.sub(_import, text)
    text = _EXPORTED.sub(r"\1 \2", text)
    text = _DEFAULT.sub("", _LIST.sub("", text))
    text = text.replace("import.meta.url", "addressOfThisScript")
    left = _LEFT_OVER.search(text)
    if left is not None:
        raise ValueError(f"{file}: a form that is not known: {left[0]}")
    shown = ", ".join(f"{name}: {own}" for name, own in exports.items())
    return (
        f"const {_variable(file)} = (function () {{\n{text.strip()}\nreturn {{ {shown} }};\n}})();"
    )


def _import(found: re.Match[str]) -> str:
    what, source = found[1], _variable(found[2])
    if what.startswith("{"):
        pairs = (f"{own}: {shown}" for own, shown in _pairs(what[1:-1]))
        return f"const {{ {', '.join(pairs)} }} = {source};"
    if what.startswith("*"):
        return f"const {what.split()[-1]} = {source};"
    return f"const {what} = {source}.default;"


def _pairs(names: str) -> list[tuple[str, str]]:
    """Read `a, b as c` as pairs of the name there and the name here."""
    pairs = []
    for each in filter(None, (part.strip() for part in names.split(","))):
        there, _, here = each.partition(" as ")
        pairs.append((there.strip(), here.strip() or there.strip()))
    return pairs


def _variable(file: str) -> str:
    return "module_" + re.sub(r"\W", "_", file.removesuffix(".mjs"))
