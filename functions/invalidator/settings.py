"""The functions' settings: their environment, read once at the cold start.

The template's variables are the names of these fields in capitals; a test compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from invalidator.core.limits.account import Limits
from invalidator.core.limits.allowance import Allowance
from invalidator.core.pending.wakes import Gathering
from invalidator.core.remembering.hints import HintError, Hints, read_hints
from invalidator.core.routing.settings import CleanUrls, RoutingSettings, names_in

SettingsT = TypeVar("SettingsT")
Text = Annotated[str, Field(min_length=1)]


class SettingsError(ValueError):
    """A variable is missing or out of its range; the text names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator chose, as the template passes it to the worker.

    Attributes:
        table_name: the DynamoDB table.
        queue_url: the queue that buckets write to.
        wake_queue_url: the queue of wakes.
        wake_queue_arn: its ARN; records of it are wakes.
        dead_letter_queue_url: the dead-letter queue.
        survey_function_name: the function that finds out who serves which bucket.
        index_documents: names that also answer for their directory, with commas between.
        error_page_seconds: error pages kept for longer are purged where they were shown; 0 is all.
        clean_urls: whether pages are reached without their `.html`.
        error_document: the error document's key in buckets with a website endpoint, "" for none.
        monthly_path_budget: paths a calendar month; 0 is no budget.
        over_budget_seconds: past the budget, a target is sent a path at most this often; 0 is as often as it changes.
        hard_path_limit: paths a calendar month past which nothing is sent; 0 is no limit.
        give_up_hours: a change that could not be sent for so long is given up.
        quiet_seconds: seconds without a change after which a target is sent what it has.
        gather_seconds: seconds after the oldest change at which it is sent at the latest.
        max_paths: the most paths in one invalidation.
        max_wildcards: the most wildcards in one invalidation.
        max_receive_count: tries of a message that breaks the function before it is given up.
        survey_minutes: minutes between two surveys.
        listing_calls: the most listings for one target in a run; 0 where no bucket may be listed.
        acl_changes: whether a new ACL of an object counts as a change of it.
        remembered_buckets: buckets whose unchanged objects need nothing, with commas between.
        remembered_table_name: what is remembered of them; "" where none is.
        remember_queue_url: the queue of wakes of their memories; likewise.
        ignored_keys: keys that viewers never see, as `BUCKET=PATTERN` with commas between.
        immutable_keys: keys that are never overwritten, likewise.
        event_bus: where others are told of the work: `default`, or a bus's ARN; "" for nowhere.
    """

    table_name: Text
    queue_url: Text
    wake_queue_url: Text
    wake_queue_arn: Text
    dead_letter_queue_url: Text
    survey_function_name: Text
    index_documents: str = "index.html"
    error_page_seconds: Annotated[int, Field(ge=0)] = 30
    clean_urls: CleanUrls = "auto"
    error_document: str = ""
    monthly_path_budget: Annotated[int, Field(ge=0)] = 1000
    over_budget_seconds: Annotated[int, Field(ge=0)] = 900
    hard_path_limit: Annotated[int, Field(ge=0)] = 0
    give_up_hours: Annotated[int, Field(ge=1)] = 24
    quiet_seconds: Annotated[int, Field(ge=0)] = 1
    gather_seconds: Annotated[int, Field(ge=0)] = 10
    max_paths: Annotated[int, Field(ge=1)] = 1000
    max_wildcards: Annotated[int, Field(ge=1)] = 15
    max_receive_count: Annotated[int, Field(ge=1)] = 10
    survey_minutes: Annotated[int, Field(ge=1)] = 5
    listing_calls: Annotated[int, Field(ge=0)] = 0
    acl_changes: bool = False
    event_bus: str = ""
    remembered_buckets: str = ""
    remembered_table_name: str = ""
    remember_queue_url: str = ""
    ignored_keys: str = ""
    immutable_keys: str = ""

    @property
    def remembered(self) -> frozenset[str]:
        """The buckets whose changes are judged before they are pending."""
        return frozenset(names_in(self.remembered_buckets))

    @property
    def hints(self) -> Hints:
        """What people say of keys. Raises SettingsError."""
        return _hints(self.ignored_keys, self.immutable_keys)

    @property
    def limits(self) -> Limits:
        """What the operator allows one invalidation and one month."""
        ceiling = Allowance(self.max_paths, min(self.max_wildcards, self.max_paths))
        return Limits(
            ceiling,
            self.monthly_path_budget,
            self.over_budget_seconds,
            self.hard_path_limit,
            self.give_up_hours * 3600.0,
        )

    @property
    def gathering(self) -> Gathering:
        """How long changes are gathered."""
        return Gathering(self.quiet_seconds, self.gather_seconds)

    @property
    def routing(self) -> RoutingSettings:
        """What of it decides about viewer paths."""
        return RoutingSettings(
            names_in(self.index_documents), self.error_page_seconds, self.clean_urls, self.error_document
        )


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """What the sweep needs to know.

    Attributes:
        table_name: the DynamoDB table.
        wake_queue_url: the queue of wakes.
        dead_letter_queue_url: the dead-letter queue, whose letters it counts.
        event_bus: as the worker has it.
        survey_minutes: minutes between two surveys, by which routes are late.
        cover_gaps: whether what a bucket may have lost is invalidated.
        remembered_buckets: buckets that are remembered, with commas between: their rounds are called for.
        remember_queue_url: the queue of their memories' wakes; "" where there are none.
    """

    table_name: Text
    wake_queue_url: Text
    dead_letter_queue_url: Text
    event_bus: str = ""
    survey_minutes: Annotated[int, Field(ge=1)] = 5
    cover_gaps: bool = True
    remembered_buckets: str = ""
    remember_queue_url: str = ""


@dataclass(frozen=True, slots=True)
class RememberSettings:
    """What the function that remembers buckets needs to know; the fields are those of the worker's."""

    table_name: Text
    wake_queue_url: Text
    remembered_table_name: Text
    remember_queue_url: Text
    remembered_buckets: str
    quiet_seconds: Annotated[int, Field(ge=0)] = 1
    gather_seconds: Annotated[int, Field(ge=0)] = 10
    ignored_keys: str = ""
    immutable_keys: str = ""

    @property
    def hints(self) -> Hints:
        """What people say of keys. Raises SettingsError."""
        return _hints(self.ignored_keys, self.immutable_keys)


@dataclass(frozen=True, slots=True)
class RollbackSettings:
    """What the way back to version 0.1.0 needs to know: the table, and the queue that buckets write to."""

    table_name: Text
    queue_url: Text


@dataclass(frozen=True, slots=True)
class SurveySettings:
    """What the survey needs to know.

    Attributes:
        table_name: the DynamoDB table.
        wake_queue_url: the queue of wakes.
        survey_minutes: minutes between two surveys.
        index_documents: as the worker has it, like those that follow: another value changes every target's routing.
        error_page_seconds: as the worker has it.
        clean_urls: as the worker has it.
        error_document: as the worker has it.
    """

    table_name: Text
    wake_queue_url: Text
    survey_minutes: Annotated[int, Field(ge=1)] = 5
    index_documents: str = "index.html"
    error_page_seconds: Annotated[int, Field(ge=0)] = 30
    clean_urls: CleanUrls = "auto"
    error_document: str = ""

    @property
    def routing(self) -> RoutingSettings:
        """What of it decides about viewer paths."""
        return RoutingSettings(
            names_in(self.index_documents), self.error_page_seconds, self.clean_urls, self.error_document
        )


def _hints(ignored: str, immutable: str) -> Hints:
    try:
        return read_hints(ignored, immutable)
    except HintError as error:
        raise SettingsError(f"environment of the function: IGNORED_KEYS, IMMUTABLE_KEYS: {error}") from error


def read_settings(environment: Mapping[str, str], kind: type[SettingsT]) -> SettingsT:
    """Read the settings of a kind. Raises SettingsError, which names the variable and what is wrong with it."""
    values = {name.lower(): value for name, value in environment.items() if name.isupper()}
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        problems = "; ".join(
            f"{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors(include_input=False)
        )
        raise SettingsError(f"environment of the function: {problems}") from error
