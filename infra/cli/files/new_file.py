"""Files that a command writes: new ones, readable by their owner alone, on disk when the command says so."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from infra.cli.errors import CommandError
from infra.cli.printing import visible

OWNER_ALONE = 0o600


@contextmanager
def new_file(file: Path) -> Iterator[IO[str]]:
    """Open a new file for ASCII text; it is safely on disk when the block is left.

    Raises CommandError where there is such a file already, or it cannot be written.
    """
    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ALONE)
        with open(made, "w", encoding="ascii") as written:  # noqa: PTH123  it is open already
            yield written
            written.flush()
            os.fsync(written.fileno())
    except FileExistsError as error:
        raise CommandError(
            f"{visible(str(file))} exists and is not overwritten; name another file"
        ) from error
    except OSError as error:
        raise CommandError(f"cannot write {visible(str(file))}: {error.strerror}") from error
