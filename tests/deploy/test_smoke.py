"""The binary that the other checks use is there and is ours."""

import subprocess
from pathlib import Path


def test_the_binary_says_its_version(service: Path) -> None:
    said = subprocess.run([service, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("spake-service ")
