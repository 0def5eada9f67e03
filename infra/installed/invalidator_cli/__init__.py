"""The command `invalidator`, as it is installed.

A wheel holds `infra` within this package, as a top-level package of that general name could meet another's. In the
repository `infra` is found as it stands.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from infra.cli.main import main

__all__ = ["main"]
