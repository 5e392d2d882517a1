"""Files of the Extensible Storage Engine (ESE): bytes in, findings out. No I/O, no clock, no logging.

What Exchange, Active Directory and many parts of Windows keep their data in. A caller hands over bytes, in
buffers of its own, and gets `reports`: `database_header` · `pages` (with the checksums of `checksum`) for the
database; `log_file` · `log_stream` for the logs; `checkpoint`; `flush_map`; `verdict` joins them. `logical`
walks the B+ trees. Nothing here raises because of what a buffer holds.
"""
