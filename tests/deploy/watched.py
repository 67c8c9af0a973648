"""Everything that the service's metrics may be asked for, in one place for the checks of rules and of the dashboard."""

from __future__ import annotations

import re
from pathlib import Path

from exposition import Family, families

CODE = re.compile(r"^\| \d{3}[^|]*\| ([^|]*) \|", re.MULTILINE)
STATUSES = {"1xx", "2xx", "3xx", "4xx", "5xx", "abandoned"}


def known_metrics(text: str, root: Path) -> dict[str, Family]:
    """The metrics of the service, with the values of labels that a short use does not bring about."""
    known = families(text)
    codes = {code for row in CODE.findall((root / "docs/API.md").read_text()) for code in re.findall(r"`(\w+)`", row)}
    known["spake_http_errors_total"].labels["code"] |= codes
    known["spake_http_request_duration_seconds_count"].labels["status"] |= STATUSES
    known["spake_http_request_duration_seconds_bucket"].labels["status"] |= STATUSES
    return known
