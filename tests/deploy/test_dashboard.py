"""The dashboard asks for what the service has, and Grafana can draw it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import promql
import pytest
import yaml
from exposition import Family

Dashboard = dict[str, Any]

# Those that the panels use; a misspelt one would show bare numbers.
UNITS = {"bytes", "ops", "percentunit", "reqps", "s", "short"}
ROWS = ["Is it up?", "Is it fast?", "Is someone guessing?", "Is Redis (the store) well?"]
VARIABLE = re.compile(r"\$\{?(\w+)\}?")
BUILT_IN = {"__rate_interval"}
# What each series is chosen by: deployments of one job name are kept apart by it, as the rules keep them.
CHOSEN_BY = ('job="$job"', 'namespace=~"$namespace"')
SERIES = re.compile(r"\b((?:spake_|process_|up\b|deployment)[\w:]*)(?:\{([^}]*)\})?")


@pytest.fixture(scope="session")
def dashboard(root: Path) -> Dashboard:
    loaded: Dashboard = json.loads((root / "deploy/grafana/spake-service.json").read_text())
    return loaded


@pytest.fixture(scope="session")
def askable(root: Path, known: Mapping[str, Family]) -> dict[str, Family]:
    """The service's metrics, and those that rules make of them."""
    rules = yaml.safe_load((root / "deploy/prometheus/rules.yaml").read_text())
    return {**known, **promql.UP, **promql.recorded(rules, known)}


def as_written(dashboard: Dashboard) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def expressions(dashboard: Dashboard) -> list[str]:
    """What is asked for, with the variables as Grafana would put them in."""
    values = {"__rate_interval": "1m", "job": "spake-service", "instance": ".+"}
    listed = dashboard["templating"]["list"]
    values |= {variable["name"]: variable["allValue"] for variable in listed if "allValue" in variable}
    return [VARIABLE.sub(lambda found: values.get(found[1], found[0]), expression) for expression in as_written(dashboard)]


def overlap(one: Dashboard, other: Dashboard) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size] for start, size in ("xw", "yh")
    )


def faults(dashboard: Dashboard, metrics: Mapping[str, Family]) -> Iterator[str]:
    """What is wrong with it, but for syntax."""
    panels = dashboard["panels"]
    if [panel["title"] for panel in panels if panel["type"] == "row"] != ROWS:
        yield "other rows"
    if len({panel["id"] for panel in panels}) != len(panels):
        yield "an id is there twice"
    places = [panel["gridPos"] for panel in panels]
    for number, place in enumerate(places):
        if place["x"] + place["w"] > 24:
            yield f"{panels[number]['title']} is wider than the page"
        yield from (f"{panels[number]['title']} lies on another" for other in places[:number] if overlap(place, other))
    for panel in panels:
        if panel["type"] == "row":
            continue
        if not panel.get("description"):
            yield f"{panel['title']} is not described"
        if panel["fieldConfig"]["defaults"].get("unit") not in UNITS:
            yield f"{panel['title']} has an odd unit"
        if any(source["datasource"]["uid"] != "${datasource}" for source in [panel, *panel["targets"]]):
            yield f"{panel['title']} asks a fixed source"
    for expression in expressions(dashboard):
        yield from (f"{fault}: {expression}" for fault in promql.faults(expression, metrics))
    for expression in as_written(dashboard):
        for series, chosen in SERIES.findall(expression):
            yield from (f"{series} is not chosen by {matcher}" for matcher in CHOSEN_BY if matcher not in chosen)
    defined = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(VARIABLE.findall(json.dumps(panels))) - BUILT_IN
    yield from (f"the variable {name} is not used" for name in defined - used)
    yield from (f"there is no variable {name}" for name in used - defined)


def test_the_dashboard_asks_for_what_there_is(dashboard: Dashboard, askable: dict[str, Family], tmp_path: Path) -> None:
    assert list(faults(dashboard, askable)) == []
    assert promql.bad_syntax(expressions(dashboard), tmp_path) is None


def test_the_alerts_that_panels_name_exist(dashboard: Dashboard, root: Path) -> None:
    rules = (root / "deploy/prometheus/rules.yaml").read_text()
    named = set(re.findall(r"Spake\w+", json.dumps(dashboard["panels"])))
    assert named == set(re.findall(r"alert: (\w+)", rules)), "each alert has its panel"


def panel(dashboard: Dashboard, title: str) -> Dashboard:
    found: list[Dashboard] = [panel for panel in dashboard["panels"] if panel["title"] == title]
    assert len(found) == 1, title
    return found[0]


def ask(expression: str) -> Callable[[Dashboard], None]:
    return lambda spoilt: panel(spoilt, "CPU")["targets"][0].update(expr=expression)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (ask('rate(spake_requests_total{job="$job"}[5m])'), "no metric spake_requests_total"),
        (ask('sum by (path) (spake_http_errors_total{job="$job"})'), "no label path to group by"),
        (ask('spake_session_events_total{kind="opened"}'), "no label kind of"),
        (ask('spake_session_events_total{event="openned"}'), "has no event openned"),
        (ask('spake_store_up{job="$job"}'), "spake_store_up is not chosen by namespace"),
        (ask('up{namespace=~"$namespace"}'), "up is not chosen by job"),
        (ask("sum(deployment:spake_guesses:increase10m)"), "deployment:spake_guesses:increase10m is not chosen by namespace"),
        (ask('spake_store_up{job="$cluster"}'), "there is no variable cluster"),
        (lambda spoilt: panel(spoilt, "CPU").update(id=1), "an id is there twice"),
        (lambda spoilt: panel(spoilt, "CPU")["gridPos"].update(x=1), "lies on another"),
        (lambda spoilt: panel(spoilt, "CPU")["gridPos"].update(x=20), "is wider than the page"),
        (lambda spoilt: panel(spoilt, "CPU").update(description=""), "CPU is not described"),
        (lambda spoilt: panel(spoilt, "CPU")["fieldConfig"]["defaults"].update(unit="seconds"), "CPU has an odd unit"),
        (lambda spoilt: panel(spoilt, "CPU")["datasource"].update(uid="abc"), "CPU asks a fixed source"),
        (lambda spoilt: spoilt["templating"]["list"].append({"name": "node"}), "the variable node is not used"),
        (lambda spoilt: spoilt["panels"].pop(0), "other rows"),
    ],
)
def test_a_mistake_in_the_dashboard_is_found(
    dashboard: Dashboard, askable: dict[str, Family], spoil: Callable[[Dashboard], object], complaint: str
) -> None:
    spoilt = copy.deepcopy(dashboard)
    spoil(spoilt)
    found = list(faults(spoilt, askable))
    assert any(complaint in fault for fault in found), found


def test_an_expression_that_is_none_is_found(dashboard: Dashboard, tmp_path: Path) -> None:
    spoilt = copy.deepcopy(dashboard)
    ask("sum by (job (up)")(spoilt)
    said = promql.bad_syntax(expressions(spoilt), tmp_path)
    assert said is not None and "parse error" in said
