"""What gets installed are the modules and nothing else, and they work on their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

CLIENT = Path(__file__).parent.parent
MODULES = ["spake_account.py", "spake_prover.py", "spake_utils.py"]


def test_the_wheel_holds_the_modules_and_works(tmp_path: Path) -> None:
    source = tmp_path / "source"  # a build leaves files behind
    source.mkdir()
    for name in ("pyproject.toml", "README.md", *MODULES):
        shutil.copy(CLIENT / name, source)
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(tmp_path), str(source)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        modules = [name for name in archive.namelist() if ".dist-info/" not in name]
        metadata = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    assert sorted(modules) == MODULES
    assert {"Provides-Extra: http", "Provides-Extra: argon2", "Requires-Python: >=3.10"} <= set(lines)

    used = subprocess.run(
        [sys.executable, "-c", "import spake_utils; spake_utils.SPAKEAccount; print(spake_utils.__file__)"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert used.stdout.strip() == str(wheel / "spake_utils.py"), used.stderr
