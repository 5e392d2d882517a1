"""A stand-in for an Exchange server, for the lab, the tests and the benchmarks.

`rows` (tables) and `sequence` are the pure heart: VSS's steps and timers. `host` drives them over a mailbox
`store`, whose threads (`database_thread`) change real databases with their logs (`mailbox`), in a real file
system (`ntfs`) on each `array_volume`; `server` serves that on a socket, `in_process` without one. `options`,
`layout` and `metadata` say what the server looks like, `faults` how it can misbehave.
"""
