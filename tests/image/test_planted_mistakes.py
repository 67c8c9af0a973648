"""Each check of the image refuses an image that was spoiled for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import test_image as promised
from container import Image


def file(path: str, mode: int = 0o755, size: int = 1) -> Callable[[Image], None]:
    def plant(image: Image) -> None:
        planted = image.root / path
        planted.parent.mkdir(parents=True, exist_ok=True)
        with planted.open("wb") as content:
            content.truncate(size)
        planted.chmod(mode)

    return plant


def variable(name: str, value: str) -> Callable[[Image], None]:
    return lambda image: image.variables.update({name: value})


def label(name: str, value: str) -> Callable[[Image], None]:
    return lambda image: image.labels.update({f"org.opencontainers.image.{name}": value})


def root_as_user(image: Image) -> None:
    image.user = "0:0"


def another_health_check(image: Image) -> None:
    image.healthcheck.append("--live")


def no_entry_point(image: Image) -> None:
    image.entrypoint = ["/usr/local/bin/spake"]


@pytest.mark.parametrize(
    ("check", "plant", "complaint"),
    [
        (promised.test_there_is_neither_a_shell_nor_a_tool, file("opt/bin/sh"), "opt/bin/sh"),
        (promised.test_no_file_gives_more_rights_or_can_be_written, file("usr/bin/su", 0o4755), "usr/bin/su"),
        (promised.test_no_file_gives_more_rights_or_can_be_written, file("etc/x", 0o666), "etc/x"),
        (promised.test_it_is_small, file("usr/lib/large", size=40_000_000), "< 40"),
        (promised.test_it_says_what_it_was_made_of, label("revision", "unknown"), "unknown"),
        (promised.test_it_says_what_it_was_made_of, label("created", "yesterday"), "yesterday"),
        (promised.test_it_runs_as_nobody_special_on_a_root_that_it_cannot_write, root_as_user, "beside its own"),
        (
            promised.test_it_runs_as_nobody_special_on_a_root_that_it_cannot_write,
            variable("SPAKE_AUDIT_FILE", "/audit.log"),
            "ended without a word",
        ),
        (promised.test_the_health_check_of_the_image_says_yes_and_no, another_health_check, "live"),
        (promised.test_as_process_1_it_ends_with_0_soon_after_sigterm, variable("SPAKE_DRAIN_DELAY", "5s"), "< 5"),
        (
            promised.test_without_keys_and_without_the_addition_it_does_not_start_and_says_what_to_do,
            variable("SPAKE_HOST", "nowhere"),
            "nowhere",
        ),
        (
            promised.test_a_pairing_works_as_the_image_comes_but_for_one_named_addition,
            no_entry_point,
            "ended without a word",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_spoiled_image_is_refused(
    image: Image, tmp_path: Path, check: Callable[[Image], None], plant: Callable[[Image], None], complaint: str
) -> None:
    spoiled = image.copied_to(tmp_path / "root")
    plant(spoiled)
    with pytest.raises(AssertionError, match=complaint):
        check(spoiled)


def test_a_place_for_data_that_is_not_the_services_own_is_refused(image: Image, tmp_path: Path) -> None:
    spoiled = image.copied_to(tmp_path / "root")
    os.chown(spoiled.root / "data", 0, 0)
    with pytest.raises(AssertionError, match="ended without a word"):
        promised.test_a_volume_on_data_keeps_sessions(spoiled, tmp_path)
