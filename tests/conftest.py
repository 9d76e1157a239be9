"""What all tests share: the profiles of hypothesis."""

import os

from hypothesis import HealthCheck, settings

# No deadline: a slow machine is no defect. In CI the same examples every time, so that a red run can be repeated.
settings.register_profile("dev", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, print_blob=True)
settings.register_profile("nightly", settings.get_profile("dev"), max_examples=5000)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
