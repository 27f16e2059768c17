"""Why did each WebSocket connection in a packet capture close?

This package carries the program ``whyclosed`` and returns its reports as Arrow, without a copy for each reader:

    >>> import whyclosed
    >>> whyclosed.read("trace.pcapng").read_pandas()                                    # doctest: +SKIP

``python -m whyclosed CAPTURE`` runs the program itself. ``whyclosed.spark`` reads archives of captures with Spark, and
``whyclosed.archive`` divides such an archive into work for any other engine.
"""

from whyclosed.errors import CaptureWarning, ProgramMissing, WhyclosedError
from whyclosed.read import Table, read

__all__ = ["CaptureWarning", "ProgramMissing", "Table", "WhyclosedError", "read"]
