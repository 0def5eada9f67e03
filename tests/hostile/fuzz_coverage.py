"""Runs the targets under a coverage-guided fuzzer (atheris, libFuzzer): `make fuzz`, FUZZ minutes in all.

It begins from the corpus, and from what earlier runs found worth keeping in `.local/fuzz`. An input that breaks a
target is left there, printed with its traceback, and belongs into the corpus afterwards. Exit code 1 then.
"""

import subprocess
import sys
from pathlib import Path

KEPT = Path(".local/fuzz")
LONGEST_INPUT = 20_000
LONGEST_SECONDS = 10
MOST_MEGABYTES = 2048


def main() -> int:
    """Run every target for its share of the minutes; return how many broke."""
    from tests.hostile.targets import TARGETS  # noqa: PLC0415  a target's own process imports it instrumented

    share = max(5, round(float(sys.argv[1]) * 60 / len(TARGETS)))
    broken = []
    for name in TARGETS:
        found = KEPT / name
        found.mkdir(parents=True, exist_ok=True)
        _seed(found)
        sys.stdout.write(f"{name}: {share} s\n")
        sys.stdout.flush()
        run = subprocess.run(
            [
                sys.executable, "-m", "tests.hostile.fuzz_coverage", "--target", name, str(found),
                f"-max_total_time={share}", f"-max_len={LONGEST_INPUT}", f"-timeout={LONGEST_SECONDS}",
                f"-rss_limit_mb={MOST_MEGABYTES}", f"-artifact_prefix={found}/broke-", "-print_final_stats=1",
                "-verbosity=0",
            ],
            check=False,
        )  # fmt: skip
        if run.returncode:
            broken.append(name)
    sys.stdout.write(f"broken: {', '.join(broken) or 'none'}\n")
    return int(bool(broken))


def fuzz(name: str, arguments: list[str]) -> None:
    """Fuzz one target in this process until libFuzzer ends it."""
    import atheris  # noqa: PLC0415  in the fuzzing environment only

    with atheris.instrument_imports(include=["invalidator", "bucket_subscription", "infra.cli"]):
        from tests.hostile.targets import TARGETS  # noqa: PLC0415  imported instrumented
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
    atheris.Fuzz()


def _seed(found: Path) -> None:
    from tests.hostile.corpus import corpus  # noqa: PLC0415  imported instrumented

    for number, data in enumerate(corpus()):
        if len(data) <= LONGEST_INPUT:
            (found / f"seed-{number}").write_bytes(data)


if __name__ == "__main__":
    if sys.argv[1] == "--target":
        fuzz(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())
