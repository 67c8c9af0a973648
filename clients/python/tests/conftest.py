from __future__ import annotations

from collections.abc import Callable

import pytest

import spake_prover
import spake_utils
from spake_utils import Pbkdf2

FAST = Pbkdf2(iterations=100_000)  # the least that is accepted


@pytest.fixture
def scalars(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes the next runs draw a given x."""

    def fix(x: int) -> None:
        for module in (spake_utils, spake_prover):
            monkeypatch.setattr(module, "_random_scalar", lambda: x)

    return fix
