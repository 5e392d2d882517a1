"""Logical integrity of a database: are its trees whole, and do they share the file without quarrel?

The part of ESEUTIL /G that needs no running engine. `walk` takes pages from a caller and returns findings.
Start with `walk.walk`; `tree` walks one tree, `page` and `nodes` read one page, `space` shares the file out.
"""

from orchestrator.ese.logical.walk import walk

__all__ = ["walk"]
