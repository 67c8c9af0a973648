"""Which files a .dockerignore keeps out of a build: the last pattern that fits a file, or a directory above it, decides."""

from __future__ import annotations

import re
from pathlib import PurePosixPath


def _expression(pattern: str) -> str:
    """`**` is any number of directories, `*` and `?` stay within one."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    meant = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(meant.get(part) or re.escape(part) for part in parts)


class DockerIgnore:
    def __init__(self, text: str) -> None:
        lines = (line.strip() for line in text.splitlines())
        self._patterns = [
            (re.compile(_expression(line.lstrip("!").strip("/"))), line.startswith("!"))
            for line in lines
            if line and not line.startswith("#")
        ]

    def keeps_out(self, path: str) -> bool:
        above = [str(parent) for parent in PurePosixPath(path).parents if parent.name]
        kept_out = False
        for pattern, is_exception in self._patterns:
            if any(pattern.fullmatch(name) for name in [path, *above]):
                kept_out = not is_exception
        return kept_out
