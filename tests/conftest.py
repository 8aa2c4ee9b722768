"""How the tests run: hypothesis profiles, and a silent loguru.

`HYPOTHESIS_PROFILE` chooses: `dev` (default) looks for new examples in each run, `fast` does so briefly, `ci` is the
same in each run, `deep` is `make chaos`: seeded by `--hypothesis-seed`, `SUREFILL_EXAMPLES` examples a property.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from loguru import logger

_SLOW_IS_NO_FAULT = (HealthCheck.too_slow,)

settings.register_profile("dev", deadline=None, suppress_health_check=_SLOW_IS_NO_FAULT)
settings.register_profile("fast", deadline=None, suppress_health_check=_SLOW_IS_NO_FAULT, max_examples=10)
settings.register_profile(
    "ci",
    deadline=None,
    suppress_health_check=_SLOW_IS_NO_FAULT,
    max_examples=50,
    derandomize=True,
    database=None,
    print_blob=True,
)
settings.register_profile(
    "deep",
    deadline=None,
    suppress_health_check=_SLOW_IS_NO_FAULT,
    database=None,
    max_examples=int(os.environ.get("SUREFILL_EXAMPLES", "1000")),
    phases=set(Phase) - {Phase.reuse},
    print_blob=True,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(autouse=True)
def _quiet_loguru() -> Iterator[None]:
    """Whatever a test enables or adds, the next test finds loguru without handlers and surefill silent."""
    logger.remove()
    logger.disable("surefill")
    yield
    logger.remove()
    logger.disable("surefill")
