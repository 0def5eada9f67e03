"""Which distribution answers for a host name: by alias, wildcard alias, domain name, or its id."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.cli.deployed import Deployed
from infra.cli.errors import CommandError, explain_aws_error
from infra.cli.printing import some, visible
from infra.cli.serving import NO_SURVEY, Serving
from infra.cli.viewer.url import ViewerUrl
from invalidator.core.routing.distribution import Distribution

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Named:
    """A distribution and the names that it answers to.

    Attributes:
        id: its id.
        names: aliases, wildcard aliases among them, and its domain name where that is known.
        domain: its domain name, "" where that is not known.
        role: the role by which its account is reached, None for the own account.
        enabled: a disabled one answers nothing.
        routes: its routing as the worker knows it; () where it is no concern of the worker's.
        origins: the host names of its origins, for people.
    """

    id: str
    names: tuple[str, ...]
    domain: str = ""
    role: str | None = None
    enabled: bool = True
    routes: tuple[Distribution, ...] = ()
    origins: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        """Whose it is, for people."""
        return f"by role {self.role}" if self.role else "of this account"


@dataclass(frozen=True, slots=True)
class Answering:
    """The distribution that answers for a host, and by which of its names: "its alias www.example.com"."""

    named: Named
    by: str


def known_names(deployed: Deployed, serving: Serving) -> tuple[list[Named], str]:
    """Return the distributions, by what the surveys wrote and by CloudFront's list; and why that list is missing.

    The table has the tenants and other accounts' distributions, CloudFront's list has the domain names, and those
    that the worker does not invalidate.
    """
    found = {
        target.target: Named(
            target.target,
            tuple(dict.fromkeys(alias for route in target.routes for alias in route.aliases)),
            role=target.role,
            enabled=any(route.enabled for route in target.routes),
            routes=target.routes,
        )
        for target in serving.targets.values()
    }
    try:
        for each in _listed(deployed):
            known = found.get(each.id)
            routes = known.routes if known is not None else ()
            found[each.id] = Named(
                each.id, each.names, each.domain, enabled=each.enabled, routes=routes, origins=each.origins
            )
    except (BotoCoreError, ClientError) as error:
        return list(found.values()), explain_aws_error(error)
    return list(found.values()), ""


def of_files(distributions: Iterable[Distribution]) -> list[Named]:
    """Return the distributions of files, by their aliases."""
    return [
        Named(each.id, each.aliases, routes=(each,), enabled=each.enabled, role=each.role)
        for each in distributions
    ]


def answering(url: ViewerUrl, known: Sequence[Named], unlisted: str = "", unsure: str = "") -> Answering:
    """Return the distribution that answers for a URL's host.

    The most specific name wins, as at CloudFront: an alias before a wildcard, a longer wildcard before a shorter one.

    Args:
        url: what was typed.
        known: the distributions.
        unlisted: why CloudFront's list is missing; "" where it is there.
        unsure: why the surveys' records may lack some; "" where they do not.

    Raises CommandError where none answers, or where several may.
    """
    ranked = sorted(
        ((rank, by, each) for each in known for rank, by in _matches(url.host, each)),
        key=lambda match: (-match[0], match[2].role or "", match[2].id),
    )
    if not ranked:
        raise CommandError(_nobody(url, known, unlisted, unsure))
    best = [match for match in ranked if match[0] == ranked[0][0]]
    # An alias that was moved stands at the disabled one still.
    best = [match for match in best if match[2].enabled] or best
    if len(best) > 1:
        raise CommandError(
            f"{visible(url.host)} leads by its {best[0][1]} to {len(best)} distributions: "
            f"{', '.join(f'{visible(each.id)} ({each.account})' for _, _, each in best)}. CloudFront lets one of them "
            "answer, and which is not seen from here: take the alias from the other and type: invalidator route "
            f"refresh; or name one: https://{visible(best[0][2].id)}{visible(url.request)}"
        )
    _, by, each = best[0]
    return Answering(each, f"its {by} {_wildcard(url.host, each) if by == _WILDCARD else url.host}")


_ALIAS, _WILDCARD, _DOMAIN, _ID = "alias", "wildcard alias", "domain name", "id"


def _matches(host: str, named: Named) -> Iterator[tuple[int, str]]:
    """How specific the match is, and by what; the longer a name, the more specific."""
    if host == named.domain.lower():
        yield 10_000, _DOMAIN
    elif host.upper() == named.id.upper():
        yield 10_000, _ID
    names = {name.lower() for name in named.names}
    if host in names:
        yield 1_000, _ALIAS
    elif wildcard := _wildcard(host, named):
        yield len(wildcard), _WILDCARD


def _wildcard(host: str, named: Named) -> str:
    """The longest wildcard alias that takes the host; its star stands for whatever is left of its first dot."""
    taking = [
        name
        for name in named.names
        if name.startswith("*.") and host.endswith(name[1:].lower()) and len(host) > len(name) - 1
    ]
    return max(taking, key=len, default="")


def _nobody(url: ViewerUrl, known: Sequence[Named], unlisted: str, unsure: str) -> str:
    aliases = [
        visible(name) for each in known for name in (*each.names, *([each.domain] if each.domain else []))
    ]
    said = f"no distribution is called {visible(url.host)}"
    if aliases:
        said += f"; known are {some(aliases, MOST_NAMED)}"
    if unlisted:
        said += f"; CloudFront's list cannot be read, so domain names are not known: {unlisted}"
    elif unsure == NO_SURVEY:
        said += f"; {NO_SURVEY}"
    else:
        said += "; one of another account has to be pinned: invalidator route pin --help"
    return said


def _listed(deployed: Deployed) -> Iterator[Named]:
    client: Any = deployed.session.client("cloudfront")
    for page in client.get_paginator("list_distributions").paginate():
        for each in page["DistributionList"].get("Items", ()):
            yield Named(
                each["Id"],
                tuple(each.get("Aliases", {}).get("Items", ())),
                each.get("DomainName", ""),
                enabled=each.get("Enabled", True),
                origins=tuple(origin["DomainName"] for origin in each.get("Origins", {}).get("Items", ())),
            )
