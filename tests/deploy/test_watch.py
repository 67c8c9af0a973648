"""The alerts: they parse, they fire when they should, they name what the service has, and each says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import promql
import pytest
import yaml
from exposition import Family

SEVERITIES = {"critical", "warning"}


@pytest.fixture(scope="session")
def rules(root: Path) -> str:
    return (root / "deploy/prometheus/rules.yaml").read_text()


@pytest.fixture(scope="session")
def tests(root: Path) -> str:
    return (root / "deploy/prometheus/tests.yaml").read_text()


@pytest.fixture(scope="session")
def operations(root: Path) -> str:
    return (root / "docs/OPERATIONS.md").read_text()


def alerts(rules: str) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(rules)["groups"] for rule in group["rules"] if "alert" in rule]


def sections(operations: str) -> list[str]:
    """The titles under "Alerts"."""
    part = operations.split("\n## Alerts\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^### (.+)$", part, re.MULTILINE)


def faults(rules: str, tests: str, operations: str, known: Mapping[str, Family]) -> Iterator[str]:
    """What is wrong with the rules, but for what promtool sees."""
    parsed = yaml.safe_load(rules)
    metrics = {**known, **promql.UP, **promql.recorded(parsed, known)}
    for group in parsed["groups"]:
        for rule in group["rules"]:
            yield from (f"{rule.get('alert') or rule['record']}: {fault}" for fault in promql.faults(rule["expr"], metrics))
    titles = sections(operations)
    bases = set()
    for alert in alerts(rules):
        name, severity, said = alert["alert"], alert["labels"]["severity"], alert["annotations"]
        base, _, anchor = said["runbook_url"].partition("#")
        bases.add(base)
        if severity not in SEVERITIES:
            yield f"{name}: severity {severity}"
        if not {"summary", "description"} <= set(said):
            yield f"{name} does not say what is wrong"
        if anchor != name.lower() or name not in titles:
            yield f"{name} has no section"
        if f'alertname="{name}", severity="{severity}"' not in tests:
            yield f"{name} ({severity}) is never seen to fire"
    named = {alert["alert"] for alert in alerts(rules)}
    yield from (f"section {title} has no alert" for title in titles if title not in named)
    if len(bases) != 1 or not bases.pop().endswith("docs/OPERATIONS.md"):
        yield "the links lead to several places"


def table(operations: str) -> dict[str, set[str]]:
    """The metrics of the table in the document, and their labels."""
    part = operations.split("\n### Metrics\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (`.+?`) \|([^|]*)\|", part, re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", labels)) for names, labels in rows for name in re.findall(r"`(\w+)`", names)}


def firing(rules: str, tests: str, directory: Path) -> str | None:
    """What promtool says of the rules and their tests."""
    (directory / "rules.yaml").write_text(rules)
    (directory / "tests.yaml").write_text(tests)
    return promql.promtool("check", "rules", directory / "rules.yaml") or promql.promtool(
        "test", "rules", directory / "tests.yaml"
    )


def only(tests: str, alert: str) -> str:
    """The cases that are about one alert."""
    parsed = yaml.safe_load(tests)
    parsed["tests"] = [case for case in parsed["tests"] if alert in str(case)]
    return str(yaml.safe_dump(parsed))


def replaced(text: str, old: str, new: str) -> str:
    assert old in text, f"nothing to spoil: {old}"
    return text.replace(old, new, 1)


def test_what_the_service_exposes_is_without_fault(metrics: str) -> None:
    assert promql.promtool("check", "metrics", given=metrics) is None


def test_a_metric_without_help_or_unit_is_found() -> None:
    said = promql.promtool("check", "metrics", given="# TYPE spake_wait_milliseconds gauge\nspake_wait_milliseconds 1\n")
    assert said and "no help text" in said and "milliseconds" in said


def test_a_login_with_a_wrong_password_is_what_the_alerts_call_a_guess(metrics: str) -> None:
    events = {
        (protocol, event): int(count)
        for event, protocol, count in re.findall(r'spake_session_events_total\{event="(\w+)",protocol="(\w+)"\} (\d+)', metrics)
    }
    # One right and one wrong login, of which the client confirms one; one right and one wrong code, which confirm both.
    assert events["spake2plus", "opened"] - events["spake2plus", "confirmed"] - events["spake2plus", "wrong_confirmation"] == 1
    assert events["spake2", "confirmed"] == events["spake2", "wrong_confirmation"] == 1


def test_the_document_lists_every_metric_and_its_labels(operations: str, known: dict[str, Family]) -> None:
    exposed = {re.sub(r"_(bucket|sum|count)$", "", name): set(one.labels) - {"le"} for name, one in known.items()}
    ours = {name: labels for name, labels in exposed.items() if name.startswith("spake_")}
    assert table(operations) == ours
    spoilt = replaced(operations, "| `spake_store_up` |", "| `spake_store_is_up` |")
    assert table(spoilt) != ours


def test_the_rules_name_what_there_is_and_each_alert_has_its_section(
    rules: str, tests: str, operations: str, known: dict[str, Family]
) -> None:
    assert list(faults(rules, tests, operations, known)) == []


def test_each_alert_fires_when_it_should_and_not_near_by(rules: str, tests: str, tmp_path: Path) -> None:
    assert firing(rules, tests, tmp_path) is None


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("spake_stretch_queue_length{", "spake_stretch_queue_lenght{", "no metric spake_stretch_queue_lenght"),
        ("process_max_fds{", "process_fds_max{", "no metric process_fds_max"),
        ('protocol="spake2plus", event="opened"', 'proto="spake2plus", event="opened"', "no label proto of"),
        ('event="wrong_confirmation"', 'event="wrong"', "has no event wrong"),
        ('code="overloaded"', 'code="overload"', "has no code overload"),
        ('event=~"confirmed|wrong_confirmation"', 'event=~"confirmed|deleted"', "has no event deleted"),
        ("sum by (namespace, job, route, le)", "sum by (namespace, job, path, le)", "no label path to group by"),
        ("deployment:spake_http_requests:rate1h >", "deployment:spake_http_request:rate1h >", "no metric deployment:"),
        ("- alert: SpakeSlow", "- alert: SpakeSluggish", "SpakeSluggish has no section"),
        ("#spakeslow", "#spakefast", "SpakeSlow has no section"),
        ("- alert: SpakeSlow", "- alert: SpakeErrors", "section SpakeSlow has no alert"),
        ("labels: {severity: warning}", "labels: {severity: bad}", "severity bad"),
        ("labels: {severity: critical}", "labels: {severity: page}", "SpakeNoReplica: severity page"),
        (".example/docs/OPERATIONS.md#spakeslow", ".example/old/OPERATIONS.md#spakeslow", "the links lead to several places"),
    ],
)
def test_a_rule_that_names_what_there_is_not_is_found(
    rules: str, tests: str, operations: str, known: dict[str, Family], old: str, new: str, complaint: str
) -> None:
    found = list(faults(replaced(rules, old, new), tests, operations, known))
    assert any(complaint in fault for fault in found), found


def test_an_alert_without_a_section_or_a_case_is_found(
    rules: str, tests: str, operations: str, known: dict[str, Family]
) -> None:
    found = list(faults(rules, tests, replaced(operations, "### SpakeSlow\n", "### SpakeSlowly\n"), known))
    assert "SpakeSlow has no section" in found and "section SpakeSlowly has no alert" in found
    found = list(faults(rules, tests.replace("SpakeClockSkew", "SpakeClock"), operations, known))
    assert found == ["SpakeClockSkew (warning) is never seen to fire"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("max by (namespace, job) (spake_store_up", "max by (namespace, job (spake_store_up", "parse error"),
        ("for: 5m", "for: 5", "not a valid duration"),
        ("{{ $labels.instance }} has not answered", "{{ $labels.instance has not answered", "template"),
        ("- alert: SpakeGuessing", "- alert: SpakeGuessing\n        fors: 5m", "field fors not found"),
        # The right words and a wrong number, unit or sign.
        ("for: 5m", "for: 5h", "SpakeReplicaDown"),
        ("- time() < 3 * 86400", "- time() < 3 * 3600", "SpakeCertificateExpiring"),
        ("> 14.4 * 0.001", "> 14.4", "SpakeErrors"),
        ("clamp_min(", "clamp_max(", "SpakeGuessing"),
        ("spake_store_up{job=\"spake-service\"}) == 0", "spake_store_up{job=\"spake-service\"}) == 1", "SpakeStoreDown"),
        (" or absent(up{job=\"spake-service\"})", "", "SpakeNoReplica"),
        ("and deployment:spake_http_failures:rate1h * 3600 >= 10", "", "SpakeErrors"),
    ],
)
def test_a_rule_that_does_not_parse_or_does_not_do_what_it_should_is_found(
    rules: str, tests: str, tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    said = firing(replaced(rules, old, new), only(tests, complaint), tmp_path)
    assert said is not None and complaint in said, said
