"""A lab of real parts on this machine. Needs root.

`file_systems` on loop devices · `guest_agent` · `storage_daemon` · `writer` and the `order` that it keeps ·
`stage` puts them together and registers them.
"""
