"""What AWS does not say of CloudFront's caches, as switches: a proof is asked to hold for each reading."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Readings:
    """One reading of what the guide leaves open. The defaults are the kinder ones.

    Attributes:
        matches_decoded: path patterns are held against the decoded path.
        normalizes: slashes are merged and dot segments resolved before patterns are matched.
        root_first: the default root object is put in before the behavior is chosen.
        root_cached_as_slash: what "/" answers is cached as "/", not under the root object's name.
        plus_is_space: S3 reads a plus in a path as a space.
        one_space: `+` and `%20` are one cached object; only where S3 agrees that they name one.
        one_plus: `+` and `%2B` are one cached object; only where S3 agrees that they name one.
        keeps_in_flight: what was being fetched while an invalidation arrived is kept all the same, though it may be
            what the invalidation was for [Invalidation: "the next time a viewer requests the file"; of a request
            that is under way it says nothing].
        error_pages_last: a custom error page is kept as long as the behavior keeps an object, where that is longer
            than ErrorCachingMinTTL (aws-behaviour.md, "Error pages": a Note on custom-error-pages-expiration).
        keeps_forbidden: a 403 is kept like a 404; else only where the origin sends Cache-Control with it
            [HTTPStatusCodes, the table of codes that are cached by their headers].
    """

    matches_decoded: bool = False
    normalizes: bool = False
    root_first: bool = False
    root_cached_as_slash: bool = True
    plus_is_space: bool = True
    one_space: bool = False
    one_plus: bool = False
    keeps_in_flight: bool = False
    error_pages_last: bool = False
    keeps_forbidden: bool = False


# The reading of each that makes it harder for us; of the paths' ones no reading is worse than the others.
WORSE = Readings(keeps_in_flight=True, error_pages_last=True, keeps_forbidden=True)
