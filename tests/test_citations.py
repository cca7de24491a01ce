"""RFC citations have one form, `RFC 3261 §17.1.1.2`, and name sections that exist.

`python tests/test_citations.py` lists the sections cited, module by module.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "exotel_voice"
FORM = re.compile(r"RFC (\d+)((?:,? (?:and )?§[\w.]+\w)*)")
NUMBER = re.compile(r"\brfc[ -]?(\d{3,5})\b", re.IGNORECASE)
SECTION = re.compile(r"§([\w.]+\w|\w)")

# What the package may cite, and a number that no section of it goes beyond.
_LAST = """
    2069:7 2543:18 2617:7 3261:28 3262:11 3263:8 3264:13 3265:9 3311:11 3325:14 3326:8 3327:9
    3389:10 3515:8 3550:15 3551:9 3556:8 3581:12 3608:12 3665:7 3711:14 3725:9 3840:14 3841:14
    3891:10 3892:11 3966:13 4028:14 4145:12 4320:7 4321:7 4475:7 4566:14 4568:13 4733:8
    5057:10 5118:8 5124:8 5389:21 5393:8 5407:7 5589:12 5621:13 5626:15 5761:11 5763:11
    5764:11 5766:20 5888:13 6026:14 6086:12 6141:8 6337:8 6455:14 6464:9 6544:16 6665:13
    6585:9 6716:10 6761:8 6904:8 7022:9 7064:8 7065:8 7092:8 7118:13 7315:12 7433:11 7462:11 7519:11
    7578:8 7587:11 7616:9 7617:5 7675:11 7983:10 8035:6 8122:11 8224:15 8445:23 8489:22 8656:25
    8760:7 8826:10 8827:10 8829:11 8830:7 8834:14 8839:10 8840:15 8841:16 8842:12 8843:20
    8863:8 8866:16 9110:18 9143:20
"""
LAST_SECTION = {int(one.split(":")[0]): int(one.split(":")[1]) for one in _LAST.split()}


def citations() -> dict[str, set[str]]:
    """The sections cited, by module."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        for match in FORM.finditer(path.read_text(encoding="utf-8")):
            sections = SECTION.findall(match[2]) or [""]
            found[name].update(f"RFC {match[1]} §{s}" if s else f"RFC {match[1]}" for s in sections)
    return found


def test_every_citation_has_the_one_form() -> None:
    wrong = []
    for path in sorted(SOURCE.rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            prose = line if "#" in line or '"' not in line else re.sub(r'"[^"]*"', "", line)
            if re.search(r"\bRFC(\d|-|  )|\bRFC \d+,? (section|sec\.|Section)|\brfc \d", prose):
                wrong.append(f"{path.relative_to(SOURCE)}:{number} {line.strip()}")
    assert wrong == []


def test_every_cited_document_is_one_that_the_package_follows() -> None:
    numbers = {
        (name, int(re.findall(r"\d+", citation)[0]))
        for name, cited in citations().items()
        for citation in cited
    }
    assert sorted((name, n) for name, n in numbers if n not in LAST_SECTION) == []


def test_every_cited_section_exists() -> None:
    wrong = []
    for name, cited in citations().items():
        for citation in cited:
            document, _, section = citation.removeprefix("RFC ").partition(" §")
            first = section.split(".")[0]
            if first.isdigit() and not 1 <= int(first) <= LAST_SECTION.get(int(document), 0):
                wrong.append(f"{name} {citation}")
    assert wrong == []


def test_the_state_tables_cite_the_rules_they_follow() -> None:
    tables = [
        path.relative_to(SOURCE).as_posix()
        for path in sorted(SOURCE.rglob("*.py"))
        if re.search(r"^\w*TABLE\b.*=", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    cited = citations()
    assert [name for name in tables if not any("§" in one for one in cited.get(name, ()))] == []


if __name__ == "__main__":
    for module, sections in citations().items():
        sys.stdout.write(f"{module}: {', '.join(sorted(sections))}\n")
