"""What holds for all tests: no property of the code depends on how fast the machine is just now."""

from hypothesis import HealthCheck, settings

# Hypothesis fails a test whose single example takes 200 ms, or whose examples are made slowly: on a busy machine
# that is chance. A test's own settings add to these.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
