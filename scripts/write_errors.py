"""Write docs/errors.md from the classes of `exotel_voice.errors`.

python scripts/write_errors.py            # write the page
python scripts/write_errors.py --check    # fail if the page differs from the classes
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from pathlib import Path

from exotel_voice import errors
from exotel_voice.errors import ExotelVoiceError

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "errors.md"

INTRODUCTION = """\
# Errors

Everything that the package raises is an `ExotelVoiceError`. The page is made from
`exotel_voice/errors/` by `scripts/write_errors.py`; `make check` fails when it is out of date.

| attribute | what it is |
| --- | --- |
| `code` | a stable word for programs, the same in Python, in JSON and in the browser |
| `message` | one sentence that says what happened |
| `hint` | one sentence that says what to do about it |
| `call_id` | the call concerned, or `None` |
| `retryable` | whether the same action may succeed later without a change by you |

Catch what you can act on, and let the rest say its hint:

<!-- snippet: errors-busy -->
```python
from exotel_voice import CallBusy, CallFailed, Phone

async with Phone(account) as phone:
    call = await phone.dial("busy")
    try:
        await call.answered()
    except CallBusy as error:
        print("later:", error.hint)
    except CallFailed as error:
        print(error.code, error.status, error.reason)
```

A remote mistake never raises in your code: it becomes an event, or an error of the call that it
concerns. That a call ends is no error: `CallEnded` tells why by its `cause`.
"""


def classes() -> list[type[ExotelVoiceError]]:
    """Give the classes in the order of the module, which is that of the tree."""
    return [
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, ExotelVoiceError)
    ]


def tree() -> str:
    """Give the tree that the module's docstring draws."""
    drawn = [
        line
        for line in (inspect.getdoc(errors) or "").splitlines()
        if re.search(r"[├└│]", line) or line.strip().startswith("ExotelVoiceError ")
    ]
    return "\n".join(line.removeprefix("    ") for line in drawn)


def section(error: type[ExotelVoiceError]) -> str:
    """Give one class as a section of the page."""
    summary, _, rest = (inspect.getdoc(error) or "").partition("\n\n")
    lines = [f"## {error.__name__}", "", " ".join(summary.split()), ""]
    lines += ["| code | retryable | what to do |", "| --- | --- | --- |"]
    retryable = "yes" if error.default_retryable else "no"
    lines += [f"| `{error.code}` | {retryable} | {error.default_hint} |", ""]
    parent = error.__bases__[0]
    if parent is not Exception:
        lines += [f"A kind of [`{parent.__name__}`](#{parent.__name__.lower()}).", ""]
    own = attributes(rest) if error is not ExotelVoiceError else []
    return "\n".join([*lines, *own])


def attributes(rest: str) -> list[str]:
    """Give the attributes that a docstring names as a list."""
    _, found, text = rest.partition("Attributes:\n")
    if not found:
        return []
    entries = re.findall(r"^    (\w+): (.*(?:\n {6,}.*)*)", text, re.MULTILINE)
    return [*(f"- `{name}`: {' '.join(what.split())}" for name, what in entries), ""]


def page() -> str:
    """Give the whole page."""
    drawn = f"```text\n{tree()}\n```\n"
    return "\n".join([INTRODUCTION, drawn, *map(section, classes())])


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or check it; 1 when the check fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    wanted = page()
    if not parser.parse_args(arguments).check:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == wanted:
        return 0
    print(f"{PAGE.relative_to(ROOT)} is out of date: run python scripts/write_errors.py")
    return 1


if __name__ == "__main__":
    sys.exit(main())
