"""A world of the demo, with a byte or two in place of each picture: drawing them takes long."""

from datetime import UTC, datetime

import pytest

from demo.history import World, build
from demo.library import Library
from demo.studio import wanted

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)


@pytest.fixture
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    shelf = Library(tmp_path_factory.mktemp("media"))
    for one in wanted():
        shelf.add(one.business, one.key, one.key.encode(), (4, 3))
    return shelf


@pytest.fixture
def world(library: Library) -> World:
    return build(library, NOW)
