"""A real Prometheus with our configuration watches two real replicas: rules evaluate, and panels show something."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from exposition import Replica, replicas, running, use
from test_dashboard import expressions

# What a healthy deployment has nothing of.
EMPTY = ('status="5xx"', 'outcome!="ok"', "missing_api_key", "offset 1h")
SECONDS = 30


class Prometheus:
    """Its API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, **parameters: str) -> Any:
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=SECONDS).json()
        assert answer["status"] == "success", f"{parameters}: {answer.get('error')}"
        return answer["data"]

    def ask(self, expression: str) -> list[Any]:
        found: list[Any] = self.get("query", query=expression)["result"]
        return found


def configuration(root: Path, targets: list[str]) -> dict[str, Any]:
    """deploy/prometheus/prometheus.yml, in a hurry and with replicas that no DNS knows."""
    parsed: dict[str, Any] = yaml.safe_load((root / "deploy/prometheus/prometheus.yml").read_text())
    parsed["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    parsed["rule_files"] = [str(root / "deploy/prometheus" / file) for file in parsed["rule_files"]]
    [job] = parsed["scrape_configs"]
    job["static_configs"] = [{"targets": targets}]
    del job["dns_sd_configs"]
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
    with running(["sh", "-c", 'exec "$@" 2>&1', "sh", *command], "Server is ready to receive web requests"):
        asked = Prometheus(f"http://{address}")
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
