"""The workflows are what GitHub takes, run what is in the repository, and may do no more than they need."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

PINNED = re.compile(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


@pytest.fixture(params=["ci", "release"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def workflow(root: Path, name: str) -> str:
    return (root / f".github/workflows/{name}.yml").read_text()


def steps(job: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = job.get("steps", [])
    return found


def faults(text: str, root: Path) -> Iterator[str]:
    """What is wrong with a workflow, but for what actionlint sees."""
    # YAML reads the key `on` as true.
    parsed = yaml.safe_load(text)
    if parsed.get("permissions") != {"contents": "read"}:
        yield "more is allowed than to read"
    for used in re.findall(r"uses: (.+)", text):
        if used.startswith("./"):
            if not (root / used).is_file():
                yield f"{used} does not exist"
        elif not PINNED.fullmatch(used):
            yield f"{used} may become something else"
    rust = re.search(r'^rust-version = "(.+)"$', (root / "Cargo.toml").read_text(), re.MULTILINE)
    assert rust
    for title, job in parsed["jobs"].items():
        if "uses" not in job and "timeout-minutes" not in job:
            yield f"{title} may run for hours"
        if "pull_request" in parsed[True] and "permissions" in job:
            yield f"{title} may do more than read, for anyone who sends a pull request"
        for step in steps(job):
            if "checkout@" in step.get("uses", "") and step.get("with", {}).get("persist-credentials") is not False:
                yield f"{title} leaves its token to what it runs"
            yield from (f"{title}: {fault}" for fault in script_faults(step.get("run", ""), root, rust[1]))


def script_faults(script: str, root: Path, rust: str) -> Iterator[str]:
    for program in re.findall(r"(?:^|\s)((?:\.ci|scripts)/[\w-]+)", script):
        if not os.access(root / program, os.X_OK):
            yield f"{program} is no program"
    for file in re.findall(r"--file (\S+)|cp ([A-Z][^\n]*) \"", script):
        for named in " ".join(file).split():
            if not (root / named).is_file():
                yield f"{named} does not exist"
    for version in re.findall(r"rustup (?:toolchain install|default) (\S+)", script):
        if version != rust:
            yield f"Rust {version}, and Cargo.toml says {rust}"
    if "${{" in script:
        yield "what GitHub fills in becomes part of a program; give it as a variable"
    # The binary does not say what it was made of; Cargo.lock, in the context, does.
    recipe = root / "Dockerfile"
    if "--sbom" in script and recipe.is_file() and "\nARG BUILDKIT_SBOM_SCAN_CONTEXT=true\n" not in recipe.read_text():
        yield "the SBOM has no crates: the Dockerfile takes a line ARG BUILDKIT_SBOM_SCAN_CONTEXT=true"


def actionlint(text: str, directory: Path) -> str:
    """What actionlint says of a workflow, its scripts included."""
    file = directory / "workflow.yml"
    file.write_text(text)
    done = subprocess.run(["actionlint", "-no-color", file], cwd=directory, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_a_workflow_runs_what_there_is_with_the_least_permissions(name: str, root: Path, tmp_path: Path) -> None:
    text = workflow(root, name)
    assert list(faults(text, root)) == []
    assert actionlint(text, tmp_path) == ""


def test_a_change_passes_the_gate_and_so_does_a_release(root: Path) -> None:
    gate, release = (yaml.safe_load(workflow(root, name)) for name in ("ci", "release"))
    assert {"push", "pull_request", "workflow_call"} <= set(gate[True])
    assert [step["run"] for step in steps(gate["jobs"]["test"]) if "run" in step][-1] == ".ci/run"
    assert release["jobs"]["test"]["uses"] == "./.github/workflows/ci.yml"
    assert release["jobs"]["draft"]["needs"] == "test" and release["jobs"]["build"]["needs"] == "draft"
    built = {entry["arch"] for entry in release["jobs"]["build"]["strategy"]["matrix"]["include"]}
    published = "".join(step.get("run", "") for step in steps(release["jobs"]["publish"]))
    assert built == {"amd64", "arm64"} == set(re.findall(r'VERSION-(\w+)"', published)), "all that is built is published"


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("ci", "permissions:\n  contents: read", "permissions: write-all", "more is allowed than to read"),
        ("ci", "rust-cache@c19371144df3bb44fab255c43d04cbc2ab54d1c4 # v2.9.1", "rust-cache@v2", "may become something else"),
        ("ci", " # v7.0.1", "", "may become something else"),
        ("ci", "install 1.95", "install 1.94", "Rust 1.94"),
        ("ci", "default 1.95", "default stable", "Rust stable"),
        ("ci", "run: .ci/run", "run: .ci/test", ".ci/test is no program"),
        ("ci", "    timeout-minutes: 90\n", "    permissions: {contents: write}\n", "may do more than read"),
        ("ci", "    timeout-minutes: 90\n", "", "may run for hours"),
        ("ci", "persist-credentials: false", "persist-credentials: true", "leaves its token"),
        ("release", "./.github/workflows/ci.yml", "./.github/workflows/test.yml", "test.yml does not exist"),
        ("release", "scripts/release-notes", "scripts/notes", "scripts/notes is no program"),
        ("release", "--file Dockerfile", "--file Containerfile", "Containerfile does not exist"),
        ("release", "cp README.md", "cp README", "README does not exist"),
        ("release", '"$GITHUB_REF_NAME" spake', '"${{ github.ref_name }}" spake', "becomes part of a program"),
    ],
)
def test_a_mistake_in_a_workflow_is_found(root: Path, name: str, old: str, new: str, complaint: str) -> None:
    text = workflow(root, name)
    assert old in text, f"nothing to spoil: {old}"
    found = list(faults(text.replace(old, new), root))
    assert any(complaint in fault for fault in found), found


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("ci", "  pull_request:", "  pull_requests:", "unknown Webhook event"),
        ("ci", "runs-on: ubuntu-24.04", "runs-on: ubuntu-24.05", 'label "ubuntu-24.05" is unknown'),
        ("ci", "github.event_name", "github.event", "cannot be compared"),
        ("release", "needs: [draft, build]", "needs: [draft, builds]", 'needs job "builds"'),
        ("release", "needs.draft.outputs.image", "needs.draft.outputs.images", 'property "images" is not defined'),
        ("release", "matrix.runner", "matrix.runs", 'property "runs" is not defined'),
        ("release", '"$IMAGE@$digest"', "$IMAGE@$digest", "shellcheck"),
        ("release", "id-token: write #", "id-tokens: write #", "unknown permission scope"),
    ],
)
def test_a_workflow_that_github_would_not_take_is_found(
    root: Path, tmp_path: Path, name: str, old: str, new: str, complaint: str
) -> None:
    text = workflow(root, name)
    assert old in text, f"nothing to spoil: {old}"
    said = actionlint(text.replace(old, new), tmp_path)
    assert complaint in said, said


def test_an_sbom_without_crates_is_found(tmp_path: Path) -> None:
    build = "docker buildx build --sbom=true ."
    (tmp_path / "Dockerfile").write_text("# An image.\nFROM scratch\n")
    assert any("the SBOM has no crates" in fault for fault in script_faults(build, tmp_path, "1.95"))
    (tmp_path / "Dockerfile").write_text("# An image.\nARG BUILDKIT_SBOM_SCAN_CONTEXT=true\nFROM scratch\n")
    assert list(script_faults(build, tmp_path, "1.95")) == []


@pytest.fixture
def release(root: Path, tmp_path: Path) -> Path:
    """A repository with a version and two sections of its changelog."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(root / "scripts/release-notes", tmp_path / "scripts")
    manifest = (root / "Cargo.toml").read_text()
    (tmp_path / "Cargo.toml").write_text(re.sub(r'^version = ".*"', 'version = "0.2.0"', manifest, count=1, flags=re.MULTILINE))
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n- Not yet.\n\n## 0.2.0 - 2026-11-24\n\n### Added\n\n- This.\n\n## 0.1.0\n\n- That.\n"
    )
    return tmp_path


def notes(repository: Path, tag: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([repository / "scripts/release-notes", tag], capture_output=True, text=True)


def test_the_notes_of_a_release_are_its_section_of_the_changelog(release: Path) -> None:
    said = notes(release, "v0.2.0")
    assert said.returncode == 0 and said.stdout.split("\n")[-4:] == ["### Added", "", "- This.", ""]
    assert "Not yet" not in said.stdout and "That" not in said.stdout


@pytest.mark.parametrize("tag", ["v0.1.0", "v0.2.1", "0.2.0", "v0.2.0-rc1"])
def test_a_tag_that_is_not_the_version_is_refused(release: Path, tag: str) -> None:
    said = notes(release, tag)
    assert said.returncode == 1 and f"The tag is {tag}, and Cargo.toml says 0.2.0" in said.stderr


def test_a_release_of_which_the_changelog_says_nothing_is_refused(release: Path) -> None:
    changelog = release / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("## 0.2.0", "## 0.20"))
    said = notes(release, "v0.2.0")
    assert said.returncode == 1 and 'no section "## 0.2.0"' in said.stderr
