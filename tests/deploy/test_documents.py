"""The documents find each other, and OPERATIONS.md begins with where things are."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

OPERATIONS = "docs/OPERATIONS.md"


@pytest.fixture(scope="module")
def documents(root: Path) -> dict[str, str]:
    """All that are in the repository."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=root, check=True, capture_output=True, text=True).stdout
    return {name: (root / name).read_text() for name in listed.splitlines()}


def without_code(document: str) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", document, flags=re.MULTILINE | re.DOTALL)


def anchors(document: str) -> set[str]:
    """What GitHub makes of the titles."""
    titles = re.findall(r"^#+ (.+)$", without_code(document), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def dead_links(documents: Mapping[str, str], root: Path) -> Iterator[str]:
    """Links to headings and files that are not there."""
    for name, document in documents.items():
        for file, anchor in re.findall(r"\]\(([^)#:\s]*)#?([^):\s]*)\)", without_code(document)):
            target = ((root / name).parent / file).resolve() if file else root / name
            known = documents.get(str(target.relative_to(root)))
            if not target.exists() or (anchor and known is not None and anchor not in anchors(known)):
                yield f"{name}: {file}#{anchor}"


def not_listed(operations: str) -> set[str]:
    """Its parts that its beginning does not name."""
    beginning = operations.split("\n## ", 1)[0]
    parts = re.findall(r"^## .+$", without_code(operations), re.MULTILINE)
    return {part for part in parts if f"(#{''.join(anchors(part))})" not in beginning}


def test_every_link_of_a_document_leads_somewhere(documents: dict[str, str], root: Path) -> None:
    assert list(dead_links(documents, root)) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        (OPERATIONS, "### SpakeStoreSlow\n", "### SpakeStore\n", f"{OPERATIONS}: #spakestoreslow"),
        (OPERATIONS, "\n## Kubernetes\n", "\n## Clusters\n", f"README.md: {OPERATIONS}#kubernetes"),
        ("README.md", "(docs/SECURITY.md)", "(docs/SAFETY.md)", "README.md: docs/SAFETY.md#"),
    ],
)
def test_a_dead_link_is_found(
    documents: dict[str, str], root: Path, name: str, old: str, new: str, complaint: str
) -> None:
    assert old in documents[name], f"nothing to spoil: {old}"
    spoilt = {**documents, name: documents[name].replace(old, new)}
    assert complaint in list(dead_links(spoilt, root))


def test_the_beginning_of_operations_names_every_part(documents: dict[str, str]) -> None:
    operations = documents[OPERATIONS]
    assert not_listed(operations) == set()
    assert not_listed(operations + "\n## Dreams\n") == {"## Dreams"}
