"""The image's recipe, without building it: Dockerfile and .dockerignore against the binary and the repository.

scripts/image-test builds it and runs what comes out.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from dockerfile import Instruction, arguments, instructions, last_stage
from dockerignore import DockerIgnore

BINARY = "/usr/local/bin/spake-service"
# What is nobody's business, in the places where it is left.
SECRETS = (
    [".env", ".env.production", "api-keys", "state-keys", "service.key", "certs/authority.pem", "data/spake.redb"]
    + ["src/.env", "src/http/service.key", "crates/spake-protocol/test.pem", "deploy/compose/secrets/redis-password"]
    + [".git/config", ".venv/bin/python", "target/release/spake-service", "crates/fuzz-targets/target/debug/x"]
    + ["dump.rdb", "audit.log", "fuzz/artifacts/crash"]
)


@dataclass(frozen=True)
class Recipe:
    """What the checks look at."""

    root: Path
    service: Path
    dockerfile: str
    ignored: str

    @property
    def instructions(self) -> list[Instruction]:
        return instructions(self.dockerfile)

    @property
    def image(self) -> list[Instruction]:
        return last_stage(self.instructions)

    def only(self, word: str) -> list[Instruction]:
        return [instruction for instruction in self.image if instruction.word == word]

    @property
    def environment(self) -> dict[str, str]:
        return {name: value for env in self.only("ENV") for name, value in env.pairs.items()}

    @property
    def context(self) -> list[str]:
        """The files and directories that it copies from the repository."""
        copies = [i for i in self.instructions if i.word in ("COPY", "ADD") and "from" not in i.flags]
        return [source for copy in copies for source in copy.without_flags.text.split()[:-1]]

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.service, *command], env=environment, capture_output=True, text=True, timeout=60
        )


def checked_by_hadolint(recipe: Recipe) -> list[str]:
    found = subprocess.run(
        ["hadolint", "--no-color", "-"], input=recipe.dockerfile, capture_output=True, text=True, timeout=60
    )
    return (found.stdout + found.stderr).splitlines() if found.returncode else []


def variables_are_the_services_own(recipe: Recipe) -> list[str]:
    known = set(re.findall(r"\[env: (\w+)=", recipe.run("--help").stdout))
    unknown = [f"ENV {name}: the service does not know it" for name in recipe.environment if name not in known]
    start = recipe.run("check-config", **recipe.environment, SPAKE_INSECURE_NO_AUTH="true")
    return unknown + ([f"ENV: {start.stderr}"] if start.returncode else [])


def ports_are_those_it_listens_on(recipe: Recipe) -> list[str]:
    told = recipe.run("check-config", **recipe.environment, SPAKE_INSECURE_NO_AUTH="true").stdout
    listeners = re.findall(r"^(?:listens on|operators) .*?([\d.]+):(\d+)$", told, re.M)
    within = [f"{host}:{port} cannot be reached from outside" for host, port in listeners if host != "0.0.0.0"]
    exposed = {port for expose in recipe.only("EXPOSE") for port in expose.text.split()}
    ports = {port for _, port in listeners}
    return within + ([] if exposed == ports else [f"EXPOSE {sorted(exposed)}: it listens on {sorted(ports)}"])


def it_does_not_start_open(recipe: Recipe) -> list[str]:
    start = recipe.run("check-config", **recipe.environment)
    refused = start.returncode == 2 and "SPAKE_INSECURE_NO_AUTH=true" in start.stderr
    return [] if refused else [f"without keys it starts, or does not say what to do: {start.stderr}"]


def commands_need_no_shell(recipe: Recipe) -> list[str]:
    wrong = ["RUN in the image takes a shell"] * len(recipe.only("RUN"))
    copied = {copy.without_flags.text.split()[-1] for copy in recipe.only("COPY")}
    for instruction in recipe.only("ENTRYPOINT") + recipe.only("CMD"):
        command = instruction.command
        if command is None:
            wrong.append(f"{instruction.word}: the shell form takes a shell")
        elif instruction.word == "ENTRYPOINT" and command[0] not in copied:
            wrong.append(f"ENTRYPOINT: nothing is copied to {command[0]}")
    return wrong if recipe.only("ENTRYPOINT") else [*wrong, "no ENTRYPOINT"]


def the_health_check_exists(recipe: Recipe) -> list[str]:
    checks = recipe.only("HEALTHCHECK")
    if len(checks) != 1:
        return [f"{len(checks)} HEALTHCHECKs"]
    command = Instruction("CMD", checks[0].without_flags.text.removeprefix("CMD").strip()).command
    if command is None or command[0] != BINARY:
        return ["HEALTHCHECK: takes a shell, or another program than the service"]
    # Nobody listens on port 1: it says so with 1. What does not exist is 2.
    asked = recipe.run(*command[1:], SPAKE_ADMIN_ADDR="127.0.0.1:1")
    if asked.returncode != 1:
        return [f"HEALTHCHECK: {asked.stderr or asked.returncode}"]
    patience = re.search(r"--timeout .*?\[default: (\d+)s\]", recipe.run("healthcheck", "--help").stdout, re.S)
    assert patience
    timeout = checks[0].flags.get("timeout", "30s")
    is_in_time = int(timeout.removesuffix("s")) > int(patience[1])
    return [] if is_in_time else [f"HEALTHCHECK: killed after {timeout}, before it has said why"]


def the_user_is_a_number_and_not_root(recipe: Recipe) -> list[str]:
    users = [instruction.text for instruction in recipe.only("USER")]
    is_right = len(users) == 1 and re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", users[0])
    return [] if is_right else [f"USER {users}: one number, for Kubernetes cannot tell whether a name is root"]


def what_it_needs_reaches_it(recipe: Recipe) -> list[str]:
    ignored = DockerIgnore(recipe.ignored)
    listing = subprocess.run(["git", "ls-files"], cwd=recipe.root, capture_output=True, text=True, check=True)
    files = listing.stdout.splitlines()
    wrong = []
    for source in recipe.context:
        copied = [file for file in files if file == source or file.startswith(f"{source}/")]
        wrong += [] if copied else [f"COPY {source}: is not in the repository"]
        wrong += [f"COPY {source}: .dockerignore keeps out {file}" for file in copied if ignored.keeps_out(file)]
    for needed in ["Cargo.toml", "Cargo.lock", *included(recipe.root), *members(recipe.root)]:
        if not any(needed == source or needed.startswith(f"{source}/") for source in recipe.context):
            wrong.append(f"{needed} is needed and not copied")
    return wrong


def included(root: Path) -> set[str]:
    """Files, and beginnings of their names, that the sources have in them."""
    found = set()
    for source in (root / "src").rglob("*.rs"):
        for name in re.findall(r'include_(?:str|bytes)!\(\s*(?:concat!\(\s*)?"([^"]+)"', source.read_text()):
            path = os.path.normpath(source.parent / name)
            assert Path(path).exists(), path
            found.add(os.path.relpath(path, root))
    return found


def members(root: Path) -> set[str]:
    """The manifests and targets that cargo wants to see, whatever it builds."""
    manifest = (root / "Cargo.toml").read_text()
    crates = re.findall(r'"(crates/[\w-]+)"', manifest)
    benches = re.findall(r'\[\[bench\]\]\nname = "(\w+)"', manifest)
    return {f"{crate}/Cargo.toml" for crate in crates} | {f"benches/{bench}.rs" for bench in benches}


def secrets_do_not_reach_it(recipe: Recipe) -> list[str]:
    ignored = DockerIgnore(recipe.ignored)
    wrong = [f".dockerignore lets {secret} in" for secret in SECRETS if not ignored.keeps_out(secret)]
    return wrong + (["COPY . takes whatever lies around"] if "." in recipe.context else [])


def versions_agree(recipe: Recipe) -> list[str]:
    manifest = (recipe.root / "Cargo.toml").read_text()
    told = arguments(recipe.instructions)
    version, rust = (re.search(rf'^{name} = "(.+)"', manifest, re.M) for name in ("version", "rust-version"))
    assert version and rust
    wrong = [] if told["VERSION"] == version[1] else [f"VERSION {told['VERSION']}: it is {version[1]}"]
    return wrong if told["BUILDER"].startswith(f"rust:{rust[1]}-") else [*wrong, f"BUILDER: it takes Rust {rust[1]}"]


CHECKS: list[Callable[[Recipe], list[str]]] = [
    checked_by_hadolint,
    variables_are_the_services_own,
    ports_are_those_it_listens_on,
    it_does_not_start_open,
    commands_need_no_shell,
    the_health_check_exists,
    the_user_is_a_number_and_not_root,
    what_it_needs_reaches_it,
    secrets_do_not_reach_it,
    versions_agree,
]


@pytest.fixture(scope="module")
def recipe(root: Path, service: Path) -> Recipe:
    return Recipe(root, service, (root / "Dockerfile").read_text(), (root / ".dockerignore").read_text())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_recipe_is_right(recipe: Recipe, check: Callable[[Recipe], list[str]]) -> None:
    assert check(recipe) == []


PLANTED = [
    (checked_by_hadolint, "WORKDIR /build", "WORKDIR build", "DL3000"),
    (checked_by_hadolint, "USER 65532:65532", "USER root", "DL3002"),
    (variables_are_the_services_own, "SPAKE_HOST", "SPAKE_HOTS", "SPAKE_HOTS"),
    (variables_are_the_services_own, "SPAKE_ADMIN_ADDR", "SPAK_ADMIN_ADDR", "SPAK_ADMIN_ADDR"),
    (variables_are_the_services_own, "SPAKE_HOST=0.0.0.0", "SPAKE_HOST=everywhere", "SPAKE_HOST (--host)"),
    (ports_are_those_it_listens_on, "EXPOSE 5000 9464", "EXPOSE 5000", "it listens on ['5000', '9464']"),
    (ports_are_those_it_listens_on, "0.0.0.0:9464", "0.0.0.0:9090", "it listens on ['5000', '9090']"),
    (ports_are_those_it_listens_on, "0.0.0.0:9464", "127.0.0.1:9464", "cannot be reached from outside"),
    (it_does_not_start_open, "ENV SPAKE_HOST", "ENV SPAKE_INSECURE_NO_AUTH=true SPAKE_HOST", "without keys it starts"),
    (commands_need_no_shell, 'ENTRYPOINT ["/usr/local/bin/spake-service"]', "ENTRYPOINT spake-service", "takes a shell"),
    (commands_need_no_shell, 'ENTRYPOINT ["/usr/local', 'ENTRYPOINT ["/opt', "nothing is copied to /opt/bin"),
    (commands_need_no_shell, "USER 65532", "RUN mkdir /var/lib/spake\nUSER 65532", "RUN in the image takes a shell"),
    (commands_need_no_shell, "\nENTRYPOINT", "\nSTOPSIGNAL SIGTERM\n#", "no ENTRYPOINT"),
    (the_health_check_exists, '"healthcheck"]', '"health"]', "unrecognized subcommand"),
    (the_health_check_exists, '["/usr/local/bin/spake-service", "healthcheck"]', "curl -f localhost", "takes a shell"),
    (the_health_check_exists, "--timeout=6s", "--timeout=5s", "killed after 5s"),
    (the_health_check_exists, "HEALTHCHECK", "# HEALTHCHECK", "0 HEALTHCHECKs"),
    (the_user_is_a_number_and_not_root, "USER 65532:65532", "USER nonroot", "one number"),
    (the_user_is_a_number_and_not_root, "USER 65532:65532", "USER 0", "one number"),
    (the_user_is_a_number_and_not_root, "USER 65532:65532\n", "", "one number"),
    (what_it_needs_reaches_it, "COPY migrations migrations\n", "", "migrations is needed and not copied"),
    (what_it_needs_reaches_it, "COPY benches benches\n", "", "benches/flood.rs is needed and not copied"),
    (what_it_needs_reaches_it, "COPY crates crates", "COPY crate crates", "COPY crate: is not in the repository"),
    (what_it_needs_reaches_it, "!migrations\n", "", ".dockerignore keeps out migrations/"),
    (what_it_needs_reaches_it, "**/*.key", "**/*.css", ".dockerignore keeps out src/http/openapi/page.css"),
    (secrets_do_not_reach_it, "*\n!Cargo.toml", "target\n!Cargo.toml", "lets api-keys in"),
    (secrets_do_not_reach_it, "**/*.key\n", "", "lets src/http/service.key in"),
    (secrets_do_not_reach_it, "COPY src src", "COPY . .", "takes whatever lies around"),
    (versions_agree, "VERSION=", "VERSION=9.", "VERSION 9."),
    (versions_agree, "rust:1", "rust:0", "BUILDER: it takes Rust"),
]


@pytest.mark.parametrize(
    ("check", "right", "wrong", "complaint"), PLANTED, ids=[f"{planted[0].__name__}: {planted[3]}" for planted in PLANTED]
)
def test_a_planted_mistake_is_found(
    recipe: Recipe, check: Callable[[Recipe], list[str]], right: str, wrong: str, complaint: str
) -> None:
    in_dockerfile, in_ignored = right in recipe.dockerfile, right in recipe.ignored
    assert in_dockerfile or in_ignored, "there is nothing to plant it in"
    planted = replace(
        recipe,
        dockerfile=recipe.dockerfile.replace(right, wrong, 1),
        ignored=recipe.ignored if in_dockerfile else recipe.ignored.replace(right, wrong, 1),
    )
    assert complaint in "\n".join(check(planted))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_no_check_is_without_a_planted_mistake(check: Callable[[Recipe], list[str]]) -> None:
    assert any(check is planted[0] for planted in PLANTED)
