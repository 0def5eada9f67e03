"""Text from outside, made safe for a terminal: a key may hold newlines, colors, or worse."""


def visible(text: str) -> str:
    r"""Return `text` with every character that does not print as itself written as an escape: `\n`, `\x1b`.

    Spaces stay; so do letters of every script. A backslash is doubled, so that what is shown can be told from
    what was there.
    """
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(
        each if each.isprintable() and each != "\\" else each.encode("unicode_escape").decode()
        for each in text
    )


def harmless(line: str) -> str:
    """Return a finished line with what does not print as itself escaped, line ends left alone.

    For what was put together elsewhere: an error of AWS or of the SDK may quote what it was given. Backslashes stay
    as they are, as parts of the line may have been made `visible` already.
    """
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode()
        for each in line
    )
