"""`make` as a test types it: it installs nothing.

Where a pin is newer than what is installed (somebody has just changed it, or checked out), every verb would begin with
`setup`, which clears `.venv`: the packages vanish under all tests that run in it at that moment, and botocore says
that it knows no services and no Regions.
"""

MAKE = (
    "make",
    "--no-print-directory",
    "--assume-old=.venv/.ready",
    *(f"--assume-old=.tools/{tool}/bin/{tool}" for tool in ("uv", "sam", "ministack")),
)
