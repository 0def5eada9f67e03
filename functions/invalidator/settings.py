"""The function's settings: its environment, read once at the cold start.

The template's variables are the names of these fields in capitals; a test compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from invalidator.core.routing.settings import CleanUrls, RoutingSettings, names_in


class SettingsError(ValueError):
    """A variable is missing or out of its range; the text names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator chose, as the template passes it on.

    Attributes:
        table_name: the DynamoDB table.
        queue_url: the invalidation queue.
        dead_letter_queue_url: its dead-letter queue.
        index_documents: names that also answer for their directory, with commas between.
        error_page_seconds: error pages kept for longer are purged where they were shown; 0 is all.
        clean_urls: whether pages are reached without their `.html`.
        error_document: the error document's key in buckets with a website endpoint, "" for none.
        monthly_path_budget: paths a calendar month; 0 is no budget.
        mapping_seconds: how long a scan of the distributions counts as fresh.
        max_paths: the most paths in one invalidation.
        max_wildcards: the most wildcards in one invalidation.
        listing_calls: the most listings for one distribution in a batch; 0 where no bucket may be listed.
    """

    table_name: Annotated[str, Field(min_length=1)]
    queue_url: Annotated[str, Field(min_length=1)]
    dead_letter_queue_url: Annotated[str, Field(min_length=1)]
    index_documents: str = "index.html"
    error_page_seconds: Annotated[int, Field(ge=0)] = 30
    clean_urls: CleanUrls = "auto"
    error_document: str = ""
    monthly_path_budget: Annotated[int, Field(ge=0)] = 1000
    mapping_seconds: Annotated[int, Field(ge=0)] = 600
    max_paths: Annotated[int, Field(ge=1)] = 1000
    max_wildcards: Annotated[int, Field(ge=1)] = 15
    listing_calls: Annotated[int, Field(ge=0)] = 0

    @property
    def routing(self) -> RoutingSettings:
        """What of it decides about viewer paths."""
        return RoutingSettings(
            names_in(self.index_documents), self.error_page_seconds, self.clean_urls, self.error_document
        )


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Raises SettingsError, which names the variable and what is wrong with it."""
    values = {name.lower(): value for name, value in environment.items() if name.isupper()}
    try:
        return TypeAdapter(Settings).validate_python(values)
    except ValidationError as error:
        problems = "; ".join(
            f"{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors(include_input=False)
        )
        raise SettingsError(f"environment of the function: {problems}") from error
