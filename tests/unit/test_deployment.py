"""compose.yaml and deploy/: the parts, versions and settings of the local stack, the locked dependencies."""

import re
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

import local_stack
from local_stack import downloads, kafka, mongo
from portal.settings import Settings

ROOT = Path(local_stack.__file__).parents[1]
OURS = ("topics", "project", "serve")


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return found


def test_compose_runs_the_versions_of_the_local_stack(services: dict[str, dict[str, Any]]) -> None:
    """But for MongoDB, where it names a supported release that is no older."""
    (version,) = (
        dependency.findtext("{*}version")
        for dependency in ElementTree.parse(downloads.POM).iterfind(".//{*}dependency")
        if dependency.findtext("{*}groupId") == "org.apache.kafka"
    )
    assert services["kafka"]["image"] == f"apache/kafka:{version}"
    assert services["mailpit"]["image"] == f"axllent/mailpit:v{downloads.MAILPIT_VERSION}"
    assert services["stripe-mock"]["image"] == f"stripe/stripe-mock:v{downloads.STRIPE_MOCK_VERSION}"
    major = re.fullmatch(r"mongo:(\d+)\.0", services["mongo"]["image"])
    assert major is not None
    assert int(major[1]) >= 7


def test_composes_broker_has_the_settings_of_the_local_stack(services: dict[str, dict[str, Any]]) -> None:
    """All that do not depend on where it runs, no topics by accident among them."""
    told = {
        name.removeprefix("KAFKA_").replace("_", ".").lower(): value
        for name, value in services["kafka"]["environment"].items()
    }
    addresses = {"controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"}
    assert {name: value for name, value in told.items() if name not in addresses} == kafka.SETTINGS


def test_composes_mongod_is_a_replica_set_with_the_transaction_limit(
    services: dict[str, dict[str, Any]],
) -> None:
    """A dead writer's transaction is given up as soon as in the local stack."""
    command = services["mongo"]["command"]
    assert command[command.index("--replSet") + 1] == mongo.REPLICA_SET
    assert command[command.index("--setParameter") + 1] == mongo.TRANSACTION_LIMIT
    assert f"replicaSet={mongo.REPLICA_SET}" in services["serve"]["environment"]["PORTAL_MONGO_URL"]


@pytest.mark.parametrize("name", OURS)
def test_compose_gives_the_portal_settings_it_takes(services: dict[str, dict[str, Any]], name: str) -> None:
    """None misspelt, none out of range; the secret alone is left to whoever starts it."""
    environment: dict[str, str] = services[name]["environment"]
    assert {variable.removeprefix("PORTAL_").lower() for variable in environment} <= set(
        Settings.model_fields
    )
    given = {
        variable: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value)
        for variable, value in environment.items()
        if ":?" not in value
    }
    settings = Settings.read(given)
    assert set(environment) - set(given) == {"PORTAL_SECRET_KEY"}
    assert services["serve"]["ports"] == [f"127.0.0.1:{settings.port}:{settings.port}"]


def test_the_image_holds_the_packages_and_nothing_that_is_for_development() -> None:
    """Every package of the portal is copied and let through; the stack, the demo and the benchmarks are not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    wanted = packages - {"local_stack", "demo", "bench"}
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    assert set(re.findall(r"^COPY (\w+) /build/", dockerfile, re.MULTILINE)) == wanted
    let_through = (ROOT / "deploy/Dockerfile.dockerignore").read_text().splitlines()
    assert {line[1:] for line in let_through if re.fullmatch(r"!\w+", line)} == wanted


def test_what_builds_the_image_is_locked() -> None:
    """The build's own requirement is the one of the development lock, hashes included."""
    lines = (ROOT / "deploy/build-requirements.txt").read_text().splitlines()[1:]
    assert "\n".join(lines) in (ROOT / "requirements-dev.lock").read_text()
