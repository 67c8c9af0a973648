"""Which metrics, labels and values an expression of PromQL names; promtool says whether it is one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from exposition import Family

# What Prometheus itself gives a series, and what the service does not: whether it could be asked at all.
TARGET = {"namespace", "job", "instance"}
UP = {"up": Family("gauge")}

STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}")
MATCHER = re.compile(r"(\w+)\s*(=~|!~|!=|=)\s*@(\d+)")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
WORD = re.compile(r"(?<![\w:.@$])[a-zA-Z_:][\w:]*(?!\s*\(|[\w:])")
DURATION = re.compile(r"\[[^\]]*\]|\boffset\s+\w+")
KEYWORDS = {"and", "or", "unless", "bool"}


def faults(expression: str, known: Mapping[str, Family]) -> Iterator[str]:
    """What the expression names and the service does not have."""
    strings: list[str] = []

    def hide(found: re.Match[str]) -> str:
        strings.append(found[0][1:-1])
        return f"@{len(strings) - 1}"

    text = STRING.sub(hide, expression)
    used = set(TARGET)
    for name, matchers in SELECTOR.findall(text):
        yield from matchers_faults(name, matchers, strings, known)
    text = SELECTOR.sub(r"\1 ", text)
    grouped = [label.strip() for group in GROUPING.findall(text) for label in group.split(",") if label.strip()]
    text = DURATION.sub("", GROUPING.sub("", text))
    for name in set(WORD.findall(text)) - KEYWORDS:
        if name not in known:
            yield f"no metric {name}"
        else:
            used |= set(known[name].labels)
    yield from (f"no label {label} to group by" for label in grouped if label not in used)


def matchers_faults(name: str, matchers: str, strings: list[str], known: Mapping[str, Family]) -> Iterator[str]:
    """What the matchers of one selector name and the metric does not have."""
    labels = known[name].labels if name in known else {}
    for label, operator, number in MATCHER.findall(matchers):
        if label in TARGET or name not in known:
            continue
        if label not in labels:
            yield f"no label {label} of {name}"
            continue
        pattern = strings[int(number)]
        for value in pattern.split("|") if "~" in operator else [pattern]:
            seen = (re.fullmatch(value, there) if "~" in operator else value == there for there in labels[label])
            if not any(seen):
                yield f"{name} has no {label} {value}"


def recorded(rules: Mapping[str, Any], known: Mapping[str, Family]) -> dict[str, Family]:
    """The metrics that rules record; their labels are what they are grouped by."""
    found: dict[str, Family] = {}
    for group in rules["groups"]:
        for rule in group["rules"]:
            if "record" in rule:
                grouped = {label.strip() for labels in GROUPING.findall(rule["expr"]) for label in labels.split(",")}
                family = Family("gauge")
                for label in grouped - TARGET:
                    family.labels[label] = {value for one in known.values() for value in one.labels.get(label, ())}
                found[rule["record"]] = family
    return found


def promtool(*arguments: str | Path, given: str | None = None) -> str | None:
    """What promtool finds fault with; None if it does not. A warning is a fault."""
    done = subprocess.run(["promtool", *arguments], input=given, capture_output=True, text=True)
    said = done.stdout + done.stderr
    return said if done.returncode or "warning" in said.lower() or (given is not None and said) else None


def bad_syntax(expressions: list[str], directory: Path) -> str | None:
    """What promtool says of expressions that are none."""
    rules = [{"record": f"expression:{number}", "expr": expression} for number, expression in enumerate(expressions)]
    file = directory / "expressions.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "expressions", "rules": rules}]}))
    return promtool("check", "rules", file)
