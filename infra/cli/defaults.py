"""The template's defaults, for where no stack is asked, or the function's settings cannot be read."""

from invalidator.settings import Settings


def default_settings() -> Settings:
    """Return the template's defaults; they name no queue."""
    return Settings(
        table_name="-",
        queue_url="-",
        wake_queue_url="-",
        wake_queue_arn="-",
        dead_letter_queue_url="-",
        survey_function_name="-",
    )
