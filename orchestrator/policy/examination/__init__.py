"""What a host's own survey says of whether a run could succeed there, each thing with its remedy.

Start reading at `host.py`. Nothing here asks anybody: whoever calls it has surveyed the host and asked the
arrays. What only the host itself can tell is in `HostCoordinator.examine`.
"""
