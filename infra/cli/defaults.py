"""The template's defaults, for where no stack is asked, or the function's settings cannot be read."""

from dataclasses import replace

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


def settings_for_letters() -> Settings:
    """Return what dead letters are judged by where the function's settings cannot be read: the template's defaults.

    But a new ACL counts as a change: it may have withdrawn a file, and its letter must not be called needless.
    """
    return replace(default_settings(), acl_changes=True)
