"""A real Prometheus with our configuration watches two real replicas: rules evaluate, and panels show something."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from exposition import Replica, replicas, running, use
from promql import promtool
from test_dashboard import expressions

# What a healthy deployment has nothing of.
EMPTY = ('status="5xx"', 'outcome!="ok"', "missing_api_key", "offset 1h")
SECONDS = 30
# A point of the curve, which is all that a login asks of a client's share: the base point of P-256.
POINT = (
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


class Prometheus:
    """Its API, and the file that it reads."""

    def __init__(self, url: str, file: Path) -> None:
        self.url, self.file = url, file

    def get(self, path: str, **parameters: str) -> Any:
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=SECONDS).json()
        assert answer["status"] == "success", f"{parameters}: {answer.get('error')}"
        return answer["data"]

    def ask(self, expression: str) -> list[Any]:
        found: list[Any] = self.get("query", query=expression)["result"]
        return found

    def begin_anew(self, configuration: dict[str, Any]) -> None:
        self.file.write_text(yaml.safe_dump(configuration))
        answer = requests.post(f"{self.url}/-/reload", timeout=SECONDS)
        assert answer.status_code == 200, answer.text


def configuration(root: Path, targets: list[str]) -> dict[str, Any]:
    """deploy/prometheus/prometheus.yml, in a hurry and with other replicas."""
    parsed: dict[str, Any] = yaml.safe_load((root / "deploy/prometheus/prometheus.yml").read_text())
    parsed["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    parsed["rule_files"] = [str(root / "deploy/prometheus" / file) for file in parsed["rule_files"]]
    [job] = parsed["scrape_configs"]
    job["static_configs"] = [{"targets": targets}]
    return parsed


@pytest.fixture(scope="module")
def two(service: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Replica]]:
    with replicas(service, tmp_path_factory.mktemp("replicas"), 2) as started:
        yield started


@pytest.fixture(scope="module")
def prometheus(root: Path, two: list[Replica], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It has scraped both since they were used."""
    directory = tmp_path_factory.mktemp("prometheus")
    file = directory / "prometheus.yml"
    file.write_text(yaml.safe_dump(configuration(root, [replica.operators.removeprefix("http://") for replica in two])))
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={directory}", f"--web.listen-address={address}"]
    command.append("--web.enable-lifecycle")
    with running(["sh", "-c", 'exec "$@" 2>&1', "sh", *command], "Server is ready to receive web requests"):
        asked = Prometheus(f"http://{address}", file)
        until(asked, 'count(spake_session_events_total{event="opened", protocol="spake2"}) == 2')
        for replica in two:
            use(replica.url, replica.session)
            replica.session.get(f"{replica.operators}/health/ready")
        until(asked, 'count(rate(spake_http_errors_total{code="session_not_found"}[1m])) == 2')
        until(asked, "deployment:spake_guesses:increase10m > 0")
        yield asked


def until(asked: Prometheus, expression: str) -> None:
    """Waits until an expression has a value."""
    end = time.monotonic() + SECONDS
    while not asked.ask(expression):
        assert time.monotonic() < end, expression
        time.sleep(0.1)


@pytest.mark.parametrize(("old", "new", "complaint"), [("", "", None), ("targets:", "target:", "field target not found")])
def test_promtool_accepts_the_configuration(root: Path, tmp_path: Path, old: str, new: str, complaint: str | None) -> None:
    files = root / "deploy/prometheus"
    (tmp_path / "rules.yaml").write_text((files / "rules.yaml").read_text())
    text = (files / "prometheus.yml").read_text()
    assert old in text, f"nothing to spoil: {old}"
    (tmp_path / "prometheus.yml").write_text(text.replace(old, new) if old else text)
    said = promtool("check", "config", tmp_path / "prometheus.yml")
    assert said is None if complaint is None else complaint in str(said), said


def test_all_rules_evaluate_and_a_deployment_that_is_well_alerts_nobody(prometheus: Prometheus) -> None:
    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert rules and [rule for rule in rules if rule["health"] != "ok"] == []
    assert prometheus.get("alerts")["alerts"] == []


def test_each_panel_shows_something(prometheus: Prometheus, root: Path) -> None:
    dashboard = json.loads((root / "deploy/grafana/spake-service.json").read_text())
    empty = [asked for asked in expressions(dashboard) if not prometheus.ask(asked)]
    assert [asked for asked in empty if not any(reason in asked for reason in EMPTY)] == []


def test_an_expression_that_fails_on_two_replicas_is_found(prometheus: Prometheus) -> None:
    with pytest.raises(AssertionError, match="many-to-many|duplicate series"):
        prometheus.ask("spake_store_up * on (job) spake_stopping")


def pending(alert: str) -> str:
    """The alert has begun, and fires if it lasts."""
    return f'ALERTS{{alertname="{alert}"}}'


# From here on the deployment is not well.
def test_one_who_tries_a_password_on_many_accounts_is_seen(prometheus: Prometheus, two: list[Replica]) -> None:
    for number in range(60):
        login = {"credential_id": f"someone-{number}", "client_public_key": POINT}
        answer = two[number % 2].session.post(f"{two[number % 2].url}/spake/login", json=login)
        assert answer.status_code == 200, answer.text
    until(prometheus, pending("SpakeGuessing"))


def test_a_store_that_goes_away_is_seen(prometheus: Prometheus, two: list[Replica]) -> None:
    subprocess.run(["redis-cli", "-u", two[0].redis, "SHUTDOWN", "NOSAVE"], check=True)
    for replica in two:
        assert replica.session.get(f"{replica.operators}/health/ready").status_code == 503
    for alert in ("SpakeStoreDown", "SpakeNotReady"):
        until(prometheus, pending(alert))


def test_a_replica_whose_name_is_gone_is_seen(prometheus: Prometheus, root: Path, two: list[Replica]) -> None:
    """As in the stack, whose DNS forgets the name of a container that stops."""
    gone = "spake-spake-1:9464"
    assert gone in (root / "deploy/prometheus/prometheus.yml").read_text()
    prometheus.begin_anew(configuration(root, [two[0].operators.removeprefix("http://"), gone]))
    until(prometheus, f'ALERTS{{alertname="SpakeReplicaDown", instance="{gone}"}}')
