"""What `invalidator explain` found out about a key, as text for people and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from infra.cli.keys.freshness import Freshness
from infra.cli.printing import instant, iso, print_text, visible
from invalidator.core.routing.paths.behavior_rules import Reach
from invalidator.core.routing.paths.explanation import Explanation, OriginVerdict, PathVerdict
from invalidator.core.sent import CLOCK_MARGIN_SECONDS, Sent

_REACHES = {
    Reach.NOT_HERE: "no",
    Reach.NOT_CACHED: "caching disabled",
    Reach.PLAIN: "yes",
    Reach.WITH_QUERY_STRINGS: "by query string",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a key in one distribution.

    Attributes:
        distribution: its id.
        explanations: one for each routing of the bucket to it: at least one, one more for each further pin.
        aliases: its alternate domain names.
        freshness: None where AWS was not asked, or the distribution does not serve the key.
    """

    distribution: str
    explanations: Sequence[Explanation]
    aliases: tuple[str, ...]
    freshness: Freshness | None

    @property
    def paths(self) -> list[str]:
        """The viewer paths that the key is served under."""
        return list(dict.fromkeys(path for each in self.explanations for path in each.paths))

    @property
    def serves(self) -> bool:
        """Whether viewers see the key here, cached or not."""
        return any(path.reach is not Reach.NOT_HERE for origin in self.origins for path in origin.paths)

    @property
    def origins(self) -> list[OriginVerdict]:
        """What each origin has to say of the key."""
        return list(dict.fromkeys(origin for each in self.explanations for origin in each.origins))


def found_as_json(
    bucket: str, key: str, changed: float | None, found: Sequence[Found], as_of: float
) -> dict[str, Any]:
    """Return the command's document.

    Args:
        bucket: the object's.
        key: the object's.
        changed: when it changed, epoch seconds; None where nobody tells.
        found: what is known of it in each distribution.
        as_of: when the survey that tells so began, epoch seconds; 0 for none.
    """
    return {
        "bucket": bucket,
        "key": key,
        "as_of": iso(as_of) if as_of else None,
        "last_modified": None if changed is None else iso(changed),
        "distributions": [
            {
                "id": each.distribution,
                "aliases": each.aliases,
                "paths": each.paths,
                "state": None if each.freshness is None else each.freshness.state,
                "covered_by": {
                    path: None
                    if sent is None
                    else {"id": sent.id, "created": iso(sent.created), "completed": sent.completed}
                    for path, sent in (each.freshness.covering if each.freshness else {}).items()
                },
                "origins": [_origin_as_json(origin) for origin in each.origins],
            }
            for each in found
        ],
    }


def _origin_as_json(verdict: OriginVerdict) -> dict[str, Any]:
    return {
        "id": verdict.origin.id,
        "domain": verdict.origin.domain,
        "origin_path": verdict.origin.path,
        "refusal": verdict.refusal or None,
        "paths": [
            {
                "path": each.path,
                "meaning": each.meaning,
                "behavior": each.pattern,
                "cached": _REACHES[each.reach],
                "rewritten": each.rewritten,
                "sent": each.sent,
            }
            for each in verdict.paths
        ],
    }


def print_found(found: Found) -> None:
    """Print what a person reads of one distribution."""
    print_text(f"{found.distribution} {'serves it' if found.serves else 'does not serve it'}")
    if found.aliases:
        print_text(f"also called {', '.join(found.aliases)}", "  ")
    for verdict in found.origins:
        print_text(f"origin {verdict.origin.id}: {verdict.origin.domain or 'any'}", "  ")
        if verdict.origin.path:
            print_text(f"OriginPath {verdict.origin.path}", "    ")
        if verdict.refusal:
            print_text(f"no: {verdict.refusal}", "    ")
        for path in verdict.paths:
            click.echo(f"    {visible(path.path)}")
            for line in _about(path):
                print_text(line, "      ")
    if found.freshness is not None:
        for line in freshness_as_text(found.freshness):
            print_text(line, "  ")


def _about(verdict: PathVerdict) -> list[str]:
    behavior = f"behavior {verdict.pattern}" if verdict.pattern is not None else "no behavior"
    if verdict.reach is Reach.NOT_HERE:
        return [verdict.meaning, f"not sent: {behavior} leads to another origin"]
    if verdict.reach is Reach.NOT_CACHED:
        return [verdict.meaning, f"not sent: {behavior} has caching disabled, so nothing is kept"]
    if verdict.pattern is None and verdict.sent == (verdict.path,):
        return [verdict.meaning, f"sent as {verdict.path}"]  # not one path of a viewer: it has no behavior
    if verdict.rewritten:
        behavior += " leads elsewhere, but a function may rewrite other paths to this one"
    if verdict.reach is Reach.WITH_QUERY_STRINGS:
        behavior += "; cached by query string"
    return [verdict.meaning, behavior, f"sent as {' '.join(verdict.sent)}"]


def freshness_as_text(known: Freshness) -> list[str]:
    """Say whether a key's paths were invalidated since it changed, a line each."""
    if known.state == "covered" and known.oldest is not None and known.changed is not None:
        return [f"fresh: changed {instant(known.changed)}, then {invalidation_as_text(known.oldest)}"]
    lines = []
    if known.changed is not None:
        since = (
            f"invalidated too soon after to be sure (clocks differ: {CLOCK_MARGIN_SECONDS:.0f} s are needed)"
            if known.oldest is not None and known.oldest.created >= known.changed
            else "not invalidated since"
        )
        lines.append(
            f"waiting: changed {instant(known.changed)}, and {since}; see: invalidator pending list, "
            "invalidator dlq explain"
        )
    for path, sent in known.covering.items():
        last = "never, as far as is remembered" if sent is None else invalidation_as_text(sent)
        lines.append(f"last time for {path}: {last}")
    return lines


def invalidation_as_text(sent: Sent) -> str:
    """Say when what was invalidated, and by which invalidation."""
    return f"invalidated {instant(sent.created)} by {sent.id}" + (", completed" if sent.completed else "")
