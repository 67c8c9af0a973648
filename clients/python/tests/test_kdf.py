"""Stretching: the accepted ranges, the service's `kdf` object, the three algorithms."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from typing import Any

import pytest

import independent
import spake_utils
from conftest import FAST
from spake_utils import Argon2id, Kdf, MissingDependency, ParametersRefused, Pbkdf2, Scrypt

SALT = bytes(range(16))
OBJECTS: list[tuple[Kdf, dict[str, Any]]] = [
    (
        Pbkdf2(iterations=600_000),
        {"algorithm": "pbkdf2-hmac-sha256", "salt": SALT.hex(), "iterations": 600_000},
    ),
    (
        Argon2id(memory_kib=19456, passes=2, parallelism=1),
        {
            "algorithm": "argon2id",
            "salt": SALT.hex(),
            "memory_kib": 19456,
            "passes": 2,
            "parallelism": 1,
        },
    ),
    (
        Scrypt(n=32768, r=8, p=2),
        {"algorithm": "scrypt", "salt": SALT.hex(), "n": 32768, "r": 8, "p": 2},
    ),
]
named = pytest.mark.parametrize(("kdf", "data"), OBJECTS, ids=[kdf.algorithm for kdf, _ in OBJECTS])


@named
def test_the_kdf_object_is_the_services(kdf: Kdf, data: dict[str, Any]) -> None:
    assert kdf.to_json(SALT) == data
    assert Kdf.from_json(data) == (kdf, SALT)
    assert type(kdf).from_json(data) == (kdf, SALT)
    assert list(kdf.to_json(SALT)) == list(data)


@named
def test_a_kdf_object_with_a_field_more_or_less_is_refused(kdf: Kdf, data: dict[str, Any]) -> None:
    for field in data:
        with pytest.raises(ParametersRefused):
            Kdf.from_json({key: value for key, value in data.items() if key != field})
    with pytest.raises(ParametersRefused):
        Kdf.from_json({**data, "extra": 1})


@named
def test_a_class_does_not_read_another_algorithm(kdf: Kdf, data: dict[str, Any]) -> None:
    classes: tuple[type[Kdf], ...] = (Pbkdf2, Argon2id, Scrypt)
    for other in (kind for kind in classes if kind is not type(kdf)):
        with pytest.raises(ParametersRefused, match="not accepted"):
            other.from_json(data)


@named
def test_the_core_is_32_bytes_of_the_named_algorithm(kdf: Kdf, data: dict[str, Any]) -> None:
    core = kdf._core(b"secret", SALT)
    assert len(core) == 32
    assert core == independent.core(data, b"secret", SALT)


LIMITS = [
    (Pbkdf2, {"iterations": 600_000}, "iterations", 100_000, 10_000_000),
    (Argon2id, {"memory_kib": 19456, "passes": 2, "parallelism": 1}, "memory_kib", 19456, 1048576),
    (Argon2id, {"memory_kib": 19456, "passes": 2, "parallelism": 1}, "passes", 2, 10),
    (Argon2id, {"memory_kib": 19456, "passes": 2, "parallelism": 1}, "parallelism", 1, 4),
    (Scrypt, {"n": 32768, "r": 8, "p": 1}, "n", 2**15, 2**20),
    (Scrypt, {"n": 32768, "r": 8, "p": 1}, "r", 8, 8),
    (Scrypt, {"n": 32768, "r": 8, "p": 1}, "p", 1, 4),
]


@pytest.mark.parametrize(
    ("kind", "good", "field", "low", "high"), LIMITS, ids=[f"{k.__name__}.{f}" for k, _, f, _, _ in LIMITS]
)
def test_each_parameter_has_the_documented_range(
    kind: Any, good: dict[str, int], field: str, low: int, high: int
) -> None:
    for value in (low, high):
        assert getattr(kind(**{**good, field: value}), field) == value
    for bad in (low - 1, high + 1, low // 2, high * 2, 0, -1, float(low), str(low), True, None):
        with pytest.raises(ParametersRefused, match=field):
            kind(**{**good, field: bad})


def test_scrypt_takes_powers_of_two_only() -> None:
    with pytest.raises(ParametersRefused, match="power of two"):
        Scrypt(n=2**15 + 2, r=8, p=1)


@pytest.mark.parametrize(
    "salt", ["", "00", "00" * 15, "00" * 65, "0" * 33, "zz" * 16, " 00" * 16, "0x" + "00" * 16, 7, None]
)
def test_a_salt_is_16_to_64_bytes_of_hex(salt: object) -> None:
    with pytest.raises(ParametersRefused, match="salt"):
        Pbkdf2.from_json({"algorithm": Pbkdf2.algorithm, "salt": salt, "iterations": 600_000})
    for length in (16, 64):
        data = {"algorithm": Pbkdf2.algorithm, "salt": "Aa" * length, "iterations": 600_000}
        assert Pbkdf2.from_json(data)[1] == b"\xaa" * length


@pytest.mark.parametrize("length", [0, 15, 65])
def test_nothing_is_stretched_with_a_salt_outside_the_range(length: int) -> None:
    with pytest.raises(ParametersRefused, match="salt"):
        spake_utils._stretch(b"secret", bytes(length), FAST, b"info", 32)


def test_parameters_cannot_be_changed_after_their_check() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Pbkdf2().iterations = 1  # type: ignore[misc]


def test_the_largest_scrypt_memory_is_within_what_hashlib_accepts() -> None:
    assert 128 * 8 * (2**20 + 4 + 4) < 2**31


@pytest.mark.parametrize(("n", "p"), [(2**15, 1), (2**15, 4), (2**16, 2)])
def test_scrypt_gets_the_memory_that_it_needs(n: int, p: int) -> None:
    expected = hashlib.scrypt(b"s", salt=SALT, n=n, r=8, p=p, maxmem=2**31 - 1, dklen=32)
    assert Scrypt(n=n, r=8, p=p)._core(b"s", SALT) == expected


def test_argon2id_reproduces_another_implementation() -> None:
    # From the reference implementation's command line: argon2 somesalt… -id -t 2 -k 65536 -p 1.
    pytest.importorskip("argon2")
    core = Argon2id(memory_kib=65536, passes=2, parallelism=1)._core(b"password", b"somesalt")
    assert core.hex() == "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"


def test_argon2id_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "argon2.low_level", None)
    client = spake_utils.SPAKEClient(kdf=Argon2id(memory_kib=19456, passes=2, parallelism=1))
    with pytest.raises(MissingDependency, match="pip install argon2-cffi"):
        client.generate_public_key("password")
