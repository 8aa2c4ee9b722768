"""How the tests run: hypothesis profiles, and the search for canaries after every test.

`HYPOTHESIS_PROFILE` chooses: `dev` (default) looks for new examples in each run, `fast` does so briefly, `ci` is the
same in each run, `deep` is `make chaos`: seeded by `--hypothesis-seed`, `SUREFILL_EXAMPLES` examples a property.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

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


def pytest_configure(config: pytest.Config) -> None:
    """Let every test be searched for canary secrets."""
    config.pluginmanager.import_plugin("tests.canary_guard")
