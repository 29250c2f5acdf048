"""What the product is built from: locked, hashed, installed as locked, under licences that let it be shipped."""

import json
import re
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PINNED = re.compile(r"([A-Za-z0-9._-]+)==(\S+)( --hash=sha256:[0-9a-f]{64})+")

ALLOWED = re.compile(
    r"MIT|BSD|Apache|ISC|MPL|Mozilla|PSF|Python Software Foundation|Public Domain|Repoze|LGPL|Lesser General",
)
"""Licences under which a service may use what it does not change; of several one is enough."""


def locked(name: str) -> Iterator[str]:
    """The requirements of a lock file, one a line."""
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    yield from (re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip())


def pins(name: str) -> dict[str, str]:
    """Version by name."""
    found = (PINNED.fullmatch(line) for line in locked(name))
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize("name", LOCKS)
def test_every_dependency_has_one_version_and_its_hashes(name: str) -> None:
    """So that nobody can put another file in its place."""
    assert [line for line in locked(name) if not PINNED.fullmatch(line)] == []
    assert len(pins(name)) > 50


def test_what_runs_is_what_was_tested() -> None:
    """The versions of the product are those of its tests."""
    product, tests = (pins(name) for name in LOCKS)

    assert product.items() <= tests.items()


def test_what_is_installed_is_what_is_locked() -> None:
    """No version besides, and nothing that nobody asked for."""
    wanted = pins("requirements-dev.lock")
    installed = {
        re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower(): one.version for one in metadata.distributions()
    }

    assert {name: installed.get(name) for name in wanted} == wanted
    assert installed.keys() - wanted.keys() <= {"servicehub-portal", "pip", "setuptools", "wheel"}


def licence(name: str) -> str:
    """How a distribution names its licence."""
    told = metadata.metadata(name)
    classifiers = [one for one in told.get_all("Classifier") or () if one.startswith("License ::")]
    named = [told[field] for field in ("License-Expression", "License") if field in told]
    return "; ".join([*named[:1], *classifiers])[:200]


def test_the_product_may_be_shipped_with_all_of_it() -> None:
    """No dependency without a licence, and none whose only licence asks for the product's own source."""
    assert {
        name: licence(name) for name in pins("requirements.lock") if not ALLOWED.search(licence(name))
    } == {}


def test_the_bill_of_materials_names_every_dependency_and_is_the_same_each_time(tmp_path: Path) -> None:
    """`make sbom`, CycloneDX."""
    made = []
    for number in range(2):
        path = tmp_path / f"{number}.json"
        command = ["make", "--old-file=install", "sbom", f"SBOM={path}"]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
        made.append(path.read_bytes())
    components = {one["name"]: one["version"] for one in json.loads(made[0])["components"]}

    assert made[0] == made[1]
    assert components == pins("requirements.lock")
