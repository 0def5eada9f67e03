"""What the worker knows of a CloudFront distribution: enough to say which viewer paths a key has."""

from dataclasses import dataclass
from urllib.parse import unquote

# For how many seconds edges keep an error of which nothing else is said [aws-behaviour.md, Error pages].
KEPT_BY_DEFAULT = 10


@dataclass(frozen=True, slots=True)
class Origin:
    """One origin of a distribution.

    Attributes:
        id: the id that cache behaviors refer to.
        domain: the origin's host name, as configured.
        bucket: the S3 bucket behind the host, or None where the host does not reveal one.
        path: the OriginPath that CloudFront puts before the viewer's path: "" or "/prefix".
        website: whether the host is an S3 website endpoint, which serves index documents for directories.
        prefix: keys outside this prefix are not served here; only pinned routes narrow it.
        path_style: whether the OriginPath begins with the bucket's name, as the host does not hold it.
        templates: how a key appears to viewers, as people pinned it (`templates`); () where the key itself does.
        tags: templates of the cache tags that the answers made of a key have.
    """

    id: str
    domain: str
    bucket: str | None
    path: str = ""
    website: bool = False
    prefix: str = ""
    path_style: bool = False
    templates: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """What the keys served here begin with and a viewer does not type: "site/", or "" for any key.

        CloudFront keeps the OriginPath as it stands in the URL that it asks for: `/my%20site`.
        """
        path = unquote(self.path.strip("/"), errors="surrogateescape")
        if self.path_style:
            path = path.partition("/")[2]
        return f"{path}/" if path else ""


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What CloudFront does with an origin's error of one kind.

    Attributes:
        code: the HTTP status that the origin answered, such as 404.
        path: the viewer path of the page that is shown instead, as configured; "" for the origin's own answer.
        seconds: how long at least the answer is cached under the path that failed.
        status: the HTTP status that viewers get in the place of the code, as configured; "" for the code itself.
    """

    code: int
    path: str
    seconds: int
    status: str = ""


@dataclass(frozen=True, slots=True)
class Behavior:
    """One cache behavior: which viewer paths go to which origin, and what the cache key holds.

    Attributes:
        pattern: CloudFront's path pattern; "*" for the default behavior.
        origins: ids of the origins that may answer; more than one for an origin group.
        query_strings: whether the cache key holds query strings, so that one path is cached in many forms.
        viewer_function: whether a function of the viewer-request event is associated: what it makes of the path is the
            cache key.
        origin_function: the ARN of the function of the origin-request event, without its version, "" for none. It runs
            behind the cache: it decides what stands under a viewer path.
        response_function: likewise of the origin-response event: it may make another answer of the origin's.
        cached: whether anything is kept; with caching disabled, nothing needs to be invalidated.
        errors_kept: for how many seconds its own TTLs let it keep an origin's error, whatever the distribution says of
            errors; None where that is not known, or a function may make something else of the error.
    """

    pattern: str
    origins: tuple[str, ...]
    query_strings: bool = False
    viewer_function: bool = False
    origin_function: str = ""
    response_function: str = ""
    cached: bool = True
    errors_kept: int | None = None

    @property
    def rewrites(self) -> bool:
        """Whether a function may change the path before the origin is asked for it."""
        return self.viewer_function or bool(self.origin_function)


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution's routing.

    Attributes:
        id: what an invalidation names: the distribution's id, "E…", or a tenant's, "dt_…".
        origins: all its origins.
        behaviors: cache behaviors in CloudFront's order; the default behavior is the last.
        root_object: DefaultRootObject, "" when there is none.
        aliases: alternate domain names, for people.
        role: ARN of the role to assume for this distribution, None for the worker's own account.
        enabled: a disabled distribution serves nothing.
        unknown_policies: ids of cache policies nobody could read; their behaviors count as keyed on query
            strings.
        error_pages: custom error responses.
        tenant_of: the id of the multi-tenant distribution where this is one of its tenants; "" where it is none.
        parameters: what tenants may set, (name, default), None where there is no default. Origins hold them as
            `{{name}}`.
        cache_tags: whether answers are cached with tags (CacheTagConfig); where not, a tag purges nothing.
    """

    id: str
    origins: tuple[Origin, ...]
    behaviors: tuple[Behavior, ...]
    root_object: str = ""
    aliases: tuple[str, ...] = ()
    role: str | None = None
    enabled: bool = True
    unknown_policies: tuple[str, ...] = ()
    error_pages: tuple[ErrorPage, ...] = ()
    cache_tags: bool = False
    tenant_of: str = ""
    parameters: tuple[tuple[str, str | None], ...] = ()
