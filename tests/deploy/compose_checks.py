"""What must be true of docker-compose.yml and its files. Each check names what is wrong, or returns nothing."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path, PurePosixPath

from compose_file import Compose, seconds

# One that Docker starts once, and that makes the secrets.
ONE_SHOT = "secrets"
# Of the replicas and the balancer; Docker kills what takes longer.
MARGIN = 3


def exposure(compose: Compose) -> list[str]:
    """Nothing but the balancer is reached from outside, and that from this machine."""
    wrong = []
    for name, service in compose.services.items():
        ports = [str(port) for port in service.get("ports", [])]
        if ports and name != "balancer":
            wrong.append(f"{name} publishes {ports}")
        wrong += [f"{name} publishes {port} to everyone" for port in ports if not port.startswith("127.0.0.1:")]
        if service.get("network_mode") == "host":
            wrong.append(f"{name} has the network of the host")
        outer = [n for n in service.get("networks", []) if not (compose.document["networks"][n] or {}).get("internal")]
        if outer and name != "balancer":
            wrong.append(f"{name} is in {outer}, from which the world is reached")
    reached = set(compose.services["redis"]["networks"]) & set(compose.services["balancer"]["networks"])
    if reached:
        wrong.append(f"the balancer reaches Redis over {reached}")
    return wrong


def hardening(compose: Compose) -> list[str]:
    wrong = []
    for name, service in compose.services.items():
        if service.get("read_only") is not True:
            wrong.append(f"{name} may write its own files")
        if service.get("cap_drop") != ["ALL"]:
            wrong.append(f"{name} keeps capabilities")
        if service.get("security_opt") != ["no-new-privileges:true"]:
            wrong.append(f"{name} may gain privileges")
        if name == ONE_SHOT:
            continue
        if str(service.get("user", "0")).split(":")[0] in ("0", "root"):
            wrong.append(f"{name} runs as root")
        for needed in ("healthcheck", "restart", "deploy"):
            if needed not in service:
                wrong.append(f"{name} has no {needed}")
        if "build" not in service and not re.search(r":\d+\.\d+", service["image"]):
            wrong.append(f"{name} has the image {service['image']}, whose version is not said")
    return wrong


def order_of_start(compose: Compose) -> list[str]:
    """Everything waits for the secrets, services for Redis, the balancer for services."""
    wrong = []
    for name, earlier in (("redis", []), ("spake", ["redis"]), ("balancer", ["spake"])):
        conditions = {k: v["condition"] for k, v in compose.services[name].get("depends_on", {}).items()}
        if conditions != {ONE_SHOT: "service_completed_successfully", **dict.fromkeys(earlier, "service_healthy")}:
            wrong.append(f"{name} starts after {conditions}")
    return wrong


def mounts(compose: Compose, secrets: Path) -> list[str]:
    """What a container is told to read is there, readable for it, and not for it to change."""
    wrong = []
    groups = _groups_of_secrets(compose.root)
    declared = set(compose.document["volumes"])
    for name, service in compose.services.items():
        for source, target, read_only in compose.mounts(name):
            if not source.startswith("./") and source not in declared:
                wrong.append(f"{name} mounts {source}, which is declared nowhere")
            if source.startswith("./") and not (compose.root / source).is_file():
                wrong.append(f"{name} mounts {source}, which does not exist")
            if not read_only and name != ONE_SHOT and target != "/data":
                wrong.append(f"{name} may write to {target}")
        told = [v for k, v in compose.environment(name).items() if k.endswith("_FILE")]
        told += [word for word in service.get("command", []) if word.startswith("/") and word.count(".")]
        told += _named_in(compose, name)
        for path in told:
            here = compose.on_this_machine(name, path, secrets)
            if here is None:
                wrong.append(f"{name} reads {path}, where nothing is mounted")
            elif not here.is_file():
                wrong.append(f"{name} reads {path}, which nothing makes")
            elif here.is_relative_to(secrets):
                group = groups[str(here.relative_to(secrets))]
                if group != str(service["user"]).split(":")[1]:
                    wrong.append(f"{name} may not read {path}, which is for the group {group}")
    return wrong


def settings(compose: Compose, service: Path, secrets: Path) -> list[str]:
    """The service itself says whether it would start, and where it would listen: there the balancer must look."""
    environment = compose.local_environment("spake", secrets)
    said = subprocess.run([service, "check-config"], env=environment, capture_output=True, text=True)
    if said.returncode != 0:
        return [said.stderr.strip()]
    wrong = []
    text = balancer_configuration(compose)
    name, port = re.findall(r'server-template \S+ \d+ "\$\{SPAKE_NAME-(\w+)\}:\$\{SPAKE_PORT-(\d+)\}"', text)[0]
    admin = re.findall(r'check port "\$\{SPAKE_ADMIN_PORT-(\d+)\}"', text)[0]
    if f"listens on       http://0.0.0.0:{port}\n" not in said.stdout:
        wrong.append(f"the balancer calls port {port}, but: {said.stdout.splitlines()[0]}")
    if f"operators        on 0.0.0.0:{admin}\n" not in said.stdout:
        wrong.append(f"the balancer asks port {admin} for readiness, but: {said.stdout.splitlines()[1]}")
    if compose.services.get(name) is None:
        wrong.append(f"the balancer looks for {name}, which is no service")
    if "sessions in Redis" not in said.stdout:
        wrong.append("replicas do not share their sessions")
    networks = compose.document["networks"]
    shared = set(compose.services["balancer"]["networks"]) & set(compose.services["spake"]["networks"])
    subnets = [entry["subnet"] for n in shared for entry in (networks[n] or {}).get("ipam", {}).get("config", [])]
    if subnets != [compose.services["spake"]["environment"].get("SPAKE_TRUSTED_PROXIES")]:
        wrong.append(f"the services do not trust the network {subnets} of the balancer")
    if (secrets / "spake/redis-url").read_text().rpartition("@")[2].strip() != "redis:6379":
        wrong.append("the services look for Redis elsewhere")
    return wrong


def way_down(compose: Compose) -> list[str]:
    """The balancer leaves a replica before its drain delay is over, and Docker lets it finish."""
    wrong = []
    environment = compose.environment("spake")
    delay, timeout = seconds(environment["SPAKE_DRAIN_DELAY"]), seconds(environment["SPAKE_DRAIN_TIMEOUT"])
    grace = seconds(compose.services["spake"].get("stop_grace_period", "10s"))
    if grace < delay + timeout + MARGIN:
        wrong.append(f"Docker kills a replica after {grace} s; it may take {delay + timeout} s")
    text = balancer_configuration(compose)
    every, fall = (int(n) for n in re.findall(r"inter (\d+)ms fall (\d+)", text)[0])
    answer = int(re.findall(r"timeout check (\d+)s", text)[0])
    # The first check may come just before the signal; each may take its time to fail.
    notices = (every / 1000) + fall * max(every / 1000, answer)
    if notices > delay:
        wrong.append(f"the balancer may notice after {notices} s; a replica goes after {delay} s")
    return wrong


def redis_users(secrets: Path, operations: str) -> list[str]:
    """Nobody without a password, and for the service no more than docs/OPERATIONS.md lists."""
    wrong = []
    users = {line.split()[1]: line.split()[2:] for line in (secrets / "redis/users.acl").read_text().splitlines()}
    for name, rules in users.items():
        passwords = [rule for rule in rules if rule.startswith("#")]
        if "nopass" in rules or len(passwords) != 1:
            wrong.append(f"{name} needs no password")
    documented = re.findall(r"^ACL SETUSER spake (.*?)^```", operations, re.MULTILINE | re.DOTALL)[0].split()
    least = {rule for rule in documented if rule not in ("on", "><password>")}
    given = {rule for rule in users["spake"] if rule != "on" and not rule.startswith("#")}
    if given != least:
        wrong.append(f"spake may: {sorted(given ^ least)} differ from docs/OPERATIONS.md")
    if set(users) != {"default", "spake"}:
        wrong.append(f"unexpected users: {sorted(users)}")
    return wrong


def balancer_configuration(compose: Compose) -> str:
    """The file that the balancer is started with."""
    mounted = {target: source for source, target, _ in compose.mounts("balancer")}
    return compose.text(mounted[compose.services["balancer"]["command"][-1]].removeprefix("./"))


def _named_in(compose: Compose, name: str) -> list[str]:
    """Files that the configuration of a program names."""
    if name == "balancer":
        return re.findall(r"BALANCER_CERTIFICATE-([^}]+)\}", balancer_configuration(compose))
    if name == "redis":
        scripts = ("redis.conf", "redis-cli")
        texts = [compose.text(f"deploy/compose/{script}") for script in scripts]
        return re.findall(r"^aclfile (\S+)", texts[0], re.MULTILINE) + re.findall(r"_FILE:-([^}]+)\}", texts[1])
    return []


def _groups_of_secrets(root: Path) -> dict[str, str]:
    """The group that the script gives each file to."""
    script = (root / "deploy/compose/secrets").read_text()
    return dict(re.findall(r"\bkeep ([a-z]+/[a-z.-]+) (\d+)", script))
