"""What the configurations of HAProxy, Redis and Prometheus must say. Each check names what is wrong, or returns nothing."""

from __future__ import annotations

import re
from typing import Any

import yaml

from compose_checks import MARGIN, balancer_configuration
from compose_file import Compose, seconds

# A name that no rule knows would be scraped, and watched by nobody.
JOB_OF_RULES = re.compile(r'job="([^"]+)"')
# Who needs longer for a request has a place at the balancer for nothing.
SLOWEST_CALLER = 30
# As many as a request asks of the store one after the other, and some to spare; each may take its whole time.
STORE_REQUESTS = 5
# While Redis writes its file anew, what is changed meanwhile is there twice.
ROOM_FOR_COPIES = 1.5
# What reached no service. All else may have been done, and would be done twice.
REPEATABLE = ["conn-failure"]


def patience(compose: Compose) -> list[str]:
    """The balancer repeats what nobody has seen, waits longer than a service takes, and for no caller that is slow."""
    wrong = []
    text = balancer_configuration(compose)
    for repeated in re.findall(r"^\s*retry-on (.+)$", text, re.MULTILINE):
        if repeated.split() != REPEATABLE:
            wrong.append(f"the balancer repeats after {repeated}, when a service may have seen the request")
    answer = longest(text, "server")
    needed = STORE_REQUESTS * seconds(compose.environment("spake").get("SPAKE_REDIS_TIMEOUT", default_store_time(compose)))
    if answer < needed:
        wrong.append(f"the balancer waits {answer} s for an answer; a service may wait {needed} s for its store")
    if not 0 < longest(text, "http-request") <= SLOWEST_CALLER:
        wrong.append(f"a caller may take {longest(text, 'http-request')} s for a request (0: for ever)")
    grace = seconds(compose.services["balancer"].get("stop_grace_period", "10s"))
    drain = longest(text, "queue") + answer
    if grace < drain + MARGIN:
        wrong.append(f"Docker kills the balancer after {grace} s; a request that is there may take {drain} s")
    return wrong


def store(compose: Compose) -> list[str]:
    """Redis keeps what it was told, and is full before Docker kills it."""
    wrong = []
    wrong += ["redis may not write its data" for _, target, fixed in compose.mounts("redis") if target == "/data" and fixed]
    said = dict(re.findall(r"^(\S+) (.+)$", compose.text("deploy/compose/redis.conf"), re.MULTILINE))
    if said.get("appendonly") != "yes":
        wrong.append("redis forgets all when it restarts")
    most = size(said.get("maxmemory", "0mb"))
    limit = size(compose.services["redis"]["deploy"]["resources"]["limits"]["memory"])
    if not 0 < most * ROOM_FOR_COPIES <= limit:
        wrong.append(f"redis takes {most} MB (0: all there is) and a half for copies; its container has {limit} MB")
    return wrong


def health(compose: Compose) -> list[str]:
    """A replica is healthy that can work: not one that merely lives."""
    asked = compose.services["spake"].get("healthcheck", {}).get("test")
    expected = ["CMD", "/usr/local/bin/spake-service", "healthcheck"]
    return [] if asked == expected else [f"a replica is healthy by {asked}"]


def watched(compose: Compose) -> list[str]:
    """Prometheus asks each replica by its name, where operators are answered, under the job that the rules know."""
    wrong = []
    jobs = set(JOB_OF_RULES.findall(compose.text("deploy/prometheus/rules.yaml")))
    parsed: dict[str, Any] = yaml.safe_load(compose.text("deploy/prometheus/prometheus.yml"))
    [scraped] = parsed["scrape_configs"]
    if {scraped["job_name"]} != jobs:
        wrong.append(f"Prometheus calls the service {scraped['job_name']}, the rules {sorted(jobs)}")
    port = compose.environment("spake")["SPAKE_ADMIN_ADDR"].rpartition(":")[2]
    replicas = compose.services["spake"]["deploy"]["replicas"]
    there = {f"{compose.document['name']}-spake-{number}:{port}" for number in range(1, replicas + 1)}
    asked = {target for group in scraped.get("static_configs", []) for target in group["targets"]}
    if asked != there:
        wrong.append(f"Prometheus asks {sorted(asked)}; there are {sorted(there)}")
    return wrong


def longest(text: str, name: str) -> float:
    """A time-out of the balancer, in seconds; 0 if it has none."""
    units = {"ms": 0.001, "s": 1.0, "m": 60.0}
    said = re.findall(rf"^\s*timeout {name} (\d+)(ms|s|m)$", text, re.MULTILINE)
    return max((int(number) * units[unit] for number, unit in said), default=0.0)


def size(text: str) -> int:
    """In MB, as Redis and Docker write it."""
    found = re.fullmatch(r"(\d+)mb?", text.lower())
    assert found, f"{text} is given in megabytes"
    return int(found[1])


def default_store_time(compose: Compose) -> str:
    found = re.search(r"^\| `SPAKE_REDIS_TIMEOUT` \| `(\w+)` \|", compose.text("README.md"), re.MULTILINE)
    assert found, "README.md has the defaults"
    return found[1]
