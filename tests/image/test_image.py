"""What the image promises, held against the image itself: what is in it, and how it runs."""

from __future__ import annotations

import os
import re
import stat
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic

from container import Container, Image

MAX_MB = 40
# What distroless's base has beside what the service needs, which is all that the base of this test has: libssl3,
# libstdc++6, libgomp1, tzdata and small files. Debian's packages of these, unpacked.
OF_DISTROLESS_MB = 11
OPEN = {"SPAKE_INSECURE_NO_AUTH": "true"}
STATE_KEYS = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PAIR = ["spake-service", "pair", "--url", "http://127.0.0.1:5000", "--password", "mypassword"]
SERVING = "listening on http://0.0.0.0:5000"


def files(image: Image) -> list[Path]:
    return [path for path in image.root.rglob("*") if path.is_file() and not path.is_symlink()]


def test_a_pairing_works_as_the_image_comes_but_for_one_named_addition(image: Image) -> None:
    with Container(image, OPEN) as container:
        container.until(SERVING)
        paired = container.exec(PAIR)
        assert paired.returncode == 0, paired.stderr
        assert re.search(r"^shared_secret +[0-9a-f]{64} ", paired.stdout, re.M), paired.stdout


def test_without_keys_and_without_the_addition_it_does_not_start_and_says_what_to_do(image: Image) -> None:
    with Container(image, {}) as container:
        code, said = container.wait()
    assert code == 2
    assert "SPAKE_API_KEYS_FILE" in said and "SPAKE_INSECURE_NO_AUTH=true" in said, said


def test_the_health_check_of_the_image_says_yes_and_no(image: Image) -> None:
    with Container(image, OPEN | {"SPAKE_DRAIN_DELAY": "1h"}) as container:
        container.until(SERVING)
        healthy = container.exec(image.healthcheck)
        assert (healthy.returncode, healthy.stdout) == (0, "ready\n"), healthy.stderr
        container.terminate()
        container.until('"stopping')
        stopping = container.exec(image.healthcheck)
        assert stopping.returncode == 1 and "the service is stopping" in stopping.stderr, stopping
        container.terminate()
        assert container.wait()[0] == 0


def test_as_process_1_it_ends_with_0_soon_after_sigterm(image: Image) -> None:
    with Container(image, OPEN) as container:
        container.until(SERVING)
        started = monotonic()
        container.terminate()
        assert container.wait()[0] == 0
        seconds = monotonic() - started
    assert seconds < 5
    print(f"stopped within {seconds:.2f} s")


def test_it_runs_as_nobody_special_on_a_root_that_it_cannot_write(image: Image) -> None:
    with Container(image, OPEN) as container:
        container.until(SERVING)
        status = dict(line.split(":", 1) for line in Path(f"/proc/{container.process}/status").read_text().splitlines())
        numbers = {number for name in ["Uid", "Gid", "Groups"] for number in status[name].split()}
        assert numbers == {"65532"}, "it has a user or group beside its own"
        assert int(status["CapEff"], 16) == 0
        root = os.open(f"/proc/{container.process}/root", os.O_PATH)
        try:
            assert os.fstatvfs(root).f_flag & os.ST_RDONLY
        finally:
            os.close(root)


def test_a_volume_on_data_keeps_sessions(image: Image, tmp_path: Path) -> None:
    # What an engine gives to a new volume: the owner of the directory that it is mounted on.
    place = (image.root / "data").stat()
    volume = tmp_path / "volume"
    volume.mkdir(0o700)
    os.chown(volume, place.st_uid, place.st_gid)
    variables = OPEN | {"SPAKE_DATA_DIR": "/data", "SPAKE_STATE_KEYS": STATE_KEYS}
    for code, said in [(0, ""), (1, "409: Session already exists")]:
        with Container(image, variables, data=volume) as container:
            container.until(SERVING)
            paired = container.exec([*PAIR, "--session-id", "kept"])
            assert paired.returncode == code and said in paired.stderr, paired
            container.terminate()
            assert container.wait()[0] == 0


def test_with_keys_that_the_image_made_any_user_runs_it(image: Image, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir(0o700)
    os.chown(keys, 1000, 1000)
    making = ["apikey", "new", "backend", "--scopes", "session:initiate,session:exchange", "--append", "/data/api-keys"]
    with Container(image, {}, *making, user="1000:1000", data=keys) as container:
        code, key = container.wait()
    assert code == 0, key
    variables = {"SPAKE_API_KEYS_FILE": "/data/api-keys"}
    with Container(image, variables, user="1000:1000", data=keys) as container:
        container.until(SERVING)
        refused = container.exec(PAIR)
        assert refused.returncode == 1 and "401" in refused.stderr, refused
        container.environment["SPAKE_API_KEY"] = key.strip()
        assert container.exec(PAIR).returncode == 0
        assert container.exec(image.healthcheck).returncode == 0


def test_there_is_neither_a_shell_nor_a_tool(image: Image) -> None:
    tools = {"sh", "bash", "dash", "busybox", "curl", "wget", "perl", "openssl", "apt-get", "dpkg"}
    assert [str(path) for path in image.root.rglob("*") if path.name in tools] == []


def test_no_file_gives_more_rights_or_can_be_written(image: Image) -> None:
    for path in files(image):
        status = path.stat()
        assert not status.st_mode & (stat.S_ISUID | stat.S_ISGID), path
        assert status.st_uid == 0 and not status.st_mode & 0o022, path


def test_it_is_small(image: Image) -> None:
    size = sum(path.stat().st_size for path in files(image)) / 1e6
    binary = (image.root / "usr/local/bin/spake-service").stat().st_size / 1e6
    print(f"{size:.1f} MB, of which the service {binary:.1f}; on distroless about {size + OF_DISTROLESS_MB:.1f}")
    assert size + OF_DISTROLESS_MB < MAX_MB


def test_it_says_what_it_was_made_of(image: Image) -> None:
    created = datetime.fromtimestamp(int(os.environ["SPAKE_IMAGE_EPOCH"]), timezone.utc)
    told = {
        "title": "spake-service",
        "licenses": "MIT OR Apache-2.0",
        "version": os.environ["SPAKE_IMAGE_VERSION"],
        "revision": os.environ["SPAKE_IMAGE_REVISION"],
        "created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    for name, value in told.items():
        assert image.labels[f"org.opencontainers.image.{name}"] == value
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"]:
        assert (image.root / "usr/share/doc/spake-service" / licence).is_file()


def test_a_change_in_src_does_not_build_the_dependencies_again() -> None:
    log = Path(os.environ["SPAKE_IMAGE_LOG"]).read_text()
    _, after = log.split("COPY src src")
    assert set(re.findall(r"Compiling (\S+)", after)) == {"spake-service"}
