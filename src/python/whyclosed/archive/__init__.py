"""Divides an archive of captures into work that can be done anywhere.

    >>> from whyclosed import archive
    >>> store = archive.Store("s3://captures")                                           # doctest: +SKIP
    >>> for item in archive.plan(archive.survey(store)):                                 # doctest: +SKIP
    ...     with archive.read(store, item) as batches: ...

Nothing here knows of Spark: Ray, Dask or a pool of processes can do the same.
"""

from whyclosed.archive.items import read
from whyclosed.archive.names import Place, place
from whyclosed.archive.planning import Capture, Item, plan
from whyclosed.archive.store import Store
from whyclosed.archive.survey import survey

__all__ = ["Capture", "Item", "Place", "Store", "place", "plan", "read", "survey"]
