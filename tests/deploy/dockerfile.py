"""Reads a Dockerfile as far as its checks need: stages, instructions, and the forms of their arguments."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass


@dataclass(frozen=True)
class Instruction:
    word: str
    text: str

    @property
    def command(self) -> list[str] | None:
        """The exec form; None is the shell form, for which the image has no shell."""
        try:
            return [str(part) for part in json.loads(self.text)]
        except ValueError:
            return None

    @property
    def pairs(self) -> dict[str, str]:
        """`NAME=value`, as often as it is there."""
        return dict(pair.split("=", 1) for pair in shlex.split(self.text))

    @property
    def flags(self) -> dict[str, str]:
        return dict(re.findall(r"--(\S+?)=(\S+)", self.text))

    @property
    def without_flags(self) -> Instruction:
        return Instruction(self.word, re.sub(r"^(--\S+\s+)+", "", self.text))


def instructions(text: str) -> list[Instruction]:
    """In order, each on one line; comments may stand between the lines of one."""
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    words = (line.split(None, 1) for line in joined.splitlines())
    return [Instruction(word.upper(), text.strip()) for word, text in words]


def arguments(all_of_it: list[Instruction]) -> dict[str, str]:
    """What a build uses unless it is told otherwise."""
    given = (instruction.pairs for instruction in all_of_it if instruction.word == "ARG")
    return {name: value for pairs in given for name, value in pairs.items()}


def last_stage(all_of_it: list[Instruction]) -> list[Instruction]:
    """What becomes the image."""
    start = max(index for index, instruction in enumerate(all_of_it) if instruction.word == "FROM")
    return all_of_it[start:]
