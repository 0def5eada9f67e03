"""One thing that a person meets: what is seen, what is typed first, what that says, what is typed next."""

import contextlib
import io
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from infra.cli.main import main
from infra.local.troubles import Playground
from tests.cli.conftest import Answer


@dataclass
class Desk:
    """A person at the desk of a deployed stack; nothing but commands is known to them.

    Attributes:
        place: the stack, its site, and the local AWS.
        folder: where they type.
        environment: their environment.
        names: what differs from run to run, such as the distribution's id; `{name}` in a situation's texts.
    """

    place: Playground
    folder: Path
    environment: dict[str, str]
    names: dict[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """The AWS of somebody else, who breaks and mends what no command does."""
        return self.place.aws.client(service)

    def named(self, text: str) -> str:
        for name, value in self.names.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def types(self, line: str) -> Answer:
        """Type a command line and return what a person sees."""
        out, err = io.StringIO(), io.StringIO()
        code: Any = 0
        with (
            contextlib.chdir(self.folder),
            mock.patch.dict(os.environ, self.environment, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main(shlex.split(self.named(line)))
            except SystemExit as ended:
                code = ended.code
        return Answer(code, out.getvalue(), err.getvalue())

    @contextlib.contextmanager
    def without(self, *names: str, **others: str) -> Iterator[None]:
        """Lack variables, or have others, for a while."""
        before = dict(self.environment)
        self.environment = {name: value for name, value in before.items() if name not in names} | others
        try:
            yield
        finally:
            self.environment = before

    def until(self, seen: Callable[[], Any], seconds: float = 30.0) -> None:
        give_up = time.monotonic() + seconds
        while not seen():
            assert time.monotonic() < give_up, f"not in {seconds} s"
            time.sleep(0.3)


def flat(answer: Answer) -> str:
    """What was said, on one line: commands that go on after a backslash too."""
    return " ".join(f"{answer.out} {answer.err}".replace("\\\n", " ").split())


def _nothing(_: Desk) -> None:
    pass


@dataclass(frozen=True)
class Situation:
    """One situation; texts hold `{names}` of the desk.

    Attributes:
        symptom: what a person sees or has done.
        first: what they type first; without `invalidator`.
        says: parts of what that says.
        then: what they do next, as `first` says it: a command (without `invalidator`), or the words of a deed.
        make: makes it so.
        deed: does what `then` says where that is no command.
        mended: what is typed to see that it is mended, and a part of what that says; by default `first`, which exits 0.
        code: what `first` exits with; None for whatever.
    """

    symptom: str
    first: str
    says: tuple[str, ...]
    then: str
    make: Callable[[Desk], None] = _nothing
    deed: Callable[[Desk], None] | None = None
    mended: tuple[str, str] = ("", "")
    code: int | None = None

    def play(self, desk: Desk) -> None:
        """Live through it. AssertionError where the desk does not say what helps."""
        self.make(desk)
        answer = desk.types(self.first)
        said = flat(answer)
        for part in self.says:
            assert desk.named(part) in said, said
        assert self.code is None or answer.code == self.code, said
        then = desk.named(self.then)
        if self.deed is not None:
            assert then in said, said
            self.deed(desk)
        else:
            assert f"invalidator {then}" in said or then in said, said
            done = desk.types(then)
            assert done.code == 0, flat(done)
        line, part = self.mended
        seen: list[str] = []

        def is_mended() -> bool:
            again = desk.types(line or self.first)
            seen[:] = [flat(again)]
            return desk.named(part) in seen[0] if part else again.code == 0

        try:
            desk.until(is_mended)
        except AssertionError as late:
            raise AssertionError(f"not mended: {seen[0]}") from late


def rows(situations: Mapping[str, tuple[Situation, ...]]) -> list[str]:
    """Return the table of them, as lines of Markdown."""
    lines = []
    for title, group in situations.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| what you see | type first | it says | then |",
            "| --- | --- | --- | --- |",
        ]
        for each in group:
            then = each.then if each.deed else f"`invalidator {each.then}`"
            cells = (each.symptom, f"`invalidator {each.first}`", " … ".join(each.says), then)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines
