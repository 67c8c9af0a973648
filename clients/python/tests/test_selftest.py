"""`python spake_utils.py`, the built-in protocol test: green when right, red when anything is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CLIENT = Path(__file__).parent.parent


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=CLIENT, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("flags", [[], ["-O"]], ids=["plain", "-O"])
def test_the_built_in_test_passes(flags: list[str]) -> None:
    result = python(*flags, "spake_utils.py")
    assert result.returncode == 0, result.stdout + result.stderr
    *checks, last = result.stdout.splitlines()
    assert last == "All checks passed"
    assert len(checks) == 6 and all(line.startswith("ok ") for line in checks)
    assert result.stderr == ""


@pytest.mark.parametrize("flags", [[], ["-O"]], ids=["plain", "-O"])
@pytest.mark.parametrize(
    "sabotage",
    [
        "s._N = s._M",
        "s._M = s._G",
        "s._ORDER -= 2; s._password_scalar = lambda *a: 7",
        "s._hkdf_expand = lambda prk, info, length: bytes(length)",
        "s._RFC_VECTOR['cB'] = '00' * 32",
        "s._framed = b''.join",
        "s.SPAKEClient.verify_confirmation = lambda self, cB: None",
        "s._PartyB.finish = lambda self, share: 1 / 0",
        "s.verify_shared_secret = lambda a, b: True",
        "p._N = p._M",
        "p._key_schedule = lambda tt, a, b: p._Keys(b'', b'', b'')",
        "p._confirmation_keys = lambda main: (main, main)",
        "p._RFC_VECTOR['K_shared'] = '00' * 32",
        "p._PartyV.respond = lambda self, share: 1 / 0",
        "p.hmac.compare_digest = lambda a, b: True",
    ],
)
def test_the_built_in_test_fails_when_something_is_broken(sabotage: str, flags: list[str]) -> None:
    fast = "s.SPAKEClient.__init__.__kwdefaults__['kdf'] = s.Pbkdf2(iterations=100_000)"
    result = python(*flags, "-c", f"import sys, spake_prover as p, spake_utils as s; {fast}; {sabotage}; sys.exit(s.main())")
    assert result.returncode == 1, result.stdout + result.stderr
    assert result.stdout.splitlines()[-1].startswith("FAILED")
    assert "All checks passed" not in result.stdout
    assert result.stderr == ""
