"""A made tree of objects, for those who have no list of keys at hand."""

import random


def made_tree(objects: int, directories: int, seed: int) -> list[str]:
    """Return the keys of a made tree, in a random order as parallel uploads have it."""
    width = len(str(objects))
    keys = [f"assets/part-{index % directories:04d}/file-{index:0{width}d}.js" for index in range(objects)]
    random.Random(seed).shuffle(keys)  # noqa: S311  not cryptography
    return keys
