"""Where the sources lie, for the guards that read them."""

import pathlib

import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def checkout() -> pathlib.Path:
    """The root of the sources; where only the installed package and the tests are, what reads them is skipped."""
    if not (_ROOT / "domain").is_dir():
        pytest.skip("needs the checkout: only the installed package and the tests are here")
    return _ROOT
