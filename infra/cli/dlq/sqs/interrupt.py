"""Ctrl-C where threads hold something: it is noted at once and strikes when they have put it down.

A KeyboardInterrupt may come up between any two lines of the main thread: while it starts the threads, those that
run already would never hear of it, and would do all of the work that somebody wanted stopped.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interrupted_at_the_end(noted: Callable[[], Any]) -> Iterator[None]:
    """On Ctrl-C call `noted`, and raise KeyboardInterrupt only at the end of the block; a second one strikes at once.

    Where the caller of the process ignores Ctrl-C (nohup), it stays ignored. For the main thread only: Python
    hands signals to no other.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        yield
        return
    struck = False

    def note(*_: object) -> None:
        nonlocal struck
        if struck:
            raise KeyboardInterrupt
        struck = True
        noted()

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if struck:
        raise KeyboardInterrupt
