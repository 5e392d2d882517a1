"""A stand-in for an Exchange server, for the lab, the tests and the benchmarks.

`rows` and `consequences` (tables) and `sequence` are the pure heart: VSS's steps, timers and failures. `host`
keeps sets and their sessions; `creation` takes a set through its rows and `completion` tells the writers how
its backup ended, over a mailbox `store`, whose threads (`database_thread`) change real databases with their
logs (`mailbox`), in a real file system (`ntfs`) on each `array_volume`. `server` serves that on a socket,
`in_process` without one. `options` and `layout` say what the server looks like, `metadata`, `component_tree`
and `exchange_server` what it says of itself, `trail` what stands in its Application log, `admission` and
`truncation` what its writer refuses and keeps, `faults` how it can misbehave.
"""
