"""How a key appears to viewers where no configuration says it: templates that people pin.

`/{key}*` or `/fit-in/*` for an image handler, `/*` for a site that is rendered from data; `src:{key}` for the cache
tags that an origin gives its answers.

| field | of the key `img/a/photo.jpg` |
| --- | --- |
| `{key}` | `img/a/photo.jpg`, below the pin's OriginPath |
| `{stem}` | `img/a/photo` |
| `{dir}` | `img/a`; with the slash that follows it, nothing for a key without a folder |
| `{name}` | `photo.jpg` |
| `{hash}` | in tags only: SHA-256 of the key as UTF-8, in 64 hex digits |
"""

import hashlib
import re
from collections.abc import Callable

LONGEST_TAG = 256
_FIELD = re.compile(r"\{(\w*)\}/?")
_PATH_FIELDS = ("key", "stem", "dir", "name")
_TAG_FIELDS = (*_PATH_FIELDS, "hash")
# An origin lists its tags with commas in a header; a star would be a wildcard to whoever reads the paths.
_NO_TAG = re.compile(r"[^!-~]|[,*#]")


class TemplateError(ValueError):
    """It is no template; the text is one line that says what is wrong and what to write."""


def checked_path(template: str) -> str:
    """Return a path's template as it can be used: with no star but at its end, as in an invalidation.

    Raises:
        TemplateError: it has no slash in front, two stars, or a field that there is none of.
    """
    if not template.startswith("/"):
        raise TemplateError(f"{template!r} does not begin with /")
    _check_fields(template, _PATH_FIELDS)
    if template.count("*") > 1:
        raise TemplateError(f"{template!r} has two stars; a path may have one, at its end")
    head, star, _ = template.partition("*")
    return head + star


def checked_tag(template: str) -> str:
    """Return a cache tag's template, without the `#` that an invalidation puts before it.

    Raises:
        TemplateError: it is empty, too long, holds what no tag may, or a field that there is none of.
    """
    text = template.removeprefix("#")
    _check_fields(text, _TAG_FIELDS)
    plain = _FIELD.sub("", text)
    if not text or len(plain) > LONGEST_TAG:
        raise TemplateError(f"a tag has 1 to {LONGEST_TAG} characters, not {len(plain)}")
    if found := _NO_TAG.search(plain):
        raise TemplateError(f"{template!r} holds {found[0]!r}, which no tag may; such as src:{{key}}")
    return text


def path_of(template: str, key: str) -> str:
    """The viewer path that a template makes of a key, decoded; with its star, if it has one."""
    return _filled(template, key)


def start_of(template: str, key_start: str) -> str | None:
    """How the paths begin of all keys that begin so; None where that is the whole path, as no field is in it."""
    head = template.partition("*")[0]
    field = _FIELD.search(head)
    if field is None:
        return None
    return head[: field.start()] + (key_start if field[1] == "key" else "")


def tag_of(template: str, key: str) -> str | None:
    """The item of an invalidation that purges the tag of a key; None where no origin can have set such a tag."""
    text = _filled(template, key)
    return None if len(text) > LONGEST_TAG or _NO_TAG.search(text) else f"#{text}"


def is_tag(item: str) -> bool:
    """Whether an item of an invalidation is a cache tag that `tag_of` can have made."""
    text = item.removeprefix("#")
    return text != item and 0 < len(text) <= LONGEST_TAG and not _NO_TAG.search(text)


def _check_fields(template: str, known: tuple[str, ...]) -> None:
    for field in _FIELD.findall(template):
        if field not in known:
            names = ", ".join(f"{{{each}}}" for each in known)
            raise TemplateError(f"{template!r}: there is no field {{{field}}}; the fields are {names}")
    if set("{}") & set(_FIELD.sub("", template)):
        raise TemplateError(f"{template!r}: a brace without a field; write such as {{key}}")


def _stem(key: str) -> str:
    folder, slash, name = key.rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return f"{folder}{slash}{stem if dot and stem else name}"


_VALUES: dict[str, Callable[[str], str]] = {
    "key": lambda key: key,
    "stem": _stem,
    "dir": lambda key: key.rpartition("/")[0],
    "name": lambda key: key.rpartition("/")[2],
    "hash": lambda key: hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest(),
}


def _filled(template: str, key: str) -> str:
    def value(field: re.Match[str]) -> str:
        text = _VALUES[field[1]](key)
        slash = "/" if field[0].endswith("/") else ""
        return f"{text}{slash}" if text or field[1] != "dir" else ""

    return _FIELD.sub(value, template)
