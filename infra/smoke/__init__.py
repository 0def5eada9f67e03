"""Proof of the whole chain in the reader's own account, with a bucket and a distribution that it makes and removes."""
