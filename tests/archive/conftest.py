"""The archive that the tests read, and the program that reads it."""

from pathlib import Path

import pytest
from generate import Archive, generate

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Returns the generated archive, with its lost and its damaged files."""
    return generate(tmp_path_factory.mktemp("archive"))
