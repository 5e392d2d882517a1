"""A stand-in for an Exchange server, for the lab, the tests and the benchmarks.

`sequence` is the pure heart: VSS's steps and timers. `host` drives it over a mailbox store (`store`: the
writing threads), `server` serves that on a socket, `in_process` without one. `options`, `layout` and
`metadata` say what the server looks like, `faults` how it can misbehave.
"""
