"""The files of a mailbox database, as an Exchange server has them on its volumes: real ESE structures.

`forms` lists the generations of Exchange and what their files look like. `database_header`, `database_pages`,
`log_file` (with the bodies `segments` and `records`) and `checkpoint_file` make the bytes; `log_folder` names
and recycles the logs; `mailbox_database` puts all of it into the order in which the engine writes.
"""
