"""The image that scripts/image-test has built."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from container import Image


@pytest.fixture(scope="session")
def image() -> Image:
    return Image(Path(os.environ["SPAKE_IMAGE_ROOT"]), Path(os.environ["SPAKE_IMAGE_CONFIG"]))
