"""The function's settings: one frozen model of its environment, read once at the cold start.

The template's variables and these fields are the same set; a test compares them.
"""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class SettingsError(ValueError):
    """A variable is missing or out of its range; the text names it."""


class Settings(BaseModel):
    """What the operator chose, as the template passes it on.

    Attributes:
        table_name: the DynamoDB table.
        queue_url: the invalidation queue.
        dead_letter_queue_url: its dead-letter queue.
        index_documents: names that also answer for their directory.
        monthly_path_budget: paths a calendar month; 0 is no budget.
        mapping_seconds: how long a scan of the distributions counts as fresh.
        max_paths: the most paths in one invalidation.
        max_wildcards: the most wildcards in one invalidation.
        listing_calls: the most listings for one distribution in a batch; 0 where no bucket may be listed.
    """

    model_config = ConfigDict(frozen=True)

    table_name: str = Field(alias="TABLE_NAME", min_length=1)
    queue_url: str = Field(alias="QUEUE_URL", min_length=1)
    dead_letter_queue_url: str = Field(alias="DEAD_LETTER_QUEUE_URL", min_length=1)
    index_documents: str = Field(alias="INDEX_DOCUMENTS", default="index.html")
    monthly_path_budget: int = Field(alias="MONTHLY_PATH_BUDGET", default=1000, ge=0)
    mapping_seconds: int = Field(alias="MAPPING_SECONDS", default=600, ge=0)
    max_paths: int = Field(alias="MAX_PATHS", default=1000, ge=1)
    max_wildcards: int = Field(alias="MAX_WILDCARDS", default=15, ge=1)
    listing_calls: int = Field(alias="LISTING_CALLS", default=0, ge=0)

    @property
    def index_document_names(self) -> tuple[str, ...]:
        """The names in `index_documents`, without blanks around them."""
        return tuple(name for each in self.index_documents.split(",") if (name := each.strip()))


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Raises SettingsError, which names the variable and what is wrong with it."""
    try:
        return Settings.model_validate(dict(environment))
    except ValidationError as error:
        problems = "; ".join(f"{each['loc'][0]}: {each['msg']}" for each in error.errors(include_input=False))
        raise SettingsError(f"environment of the function: {problems}") from error
