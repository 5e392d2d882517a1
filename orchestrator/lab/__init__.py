"""Emulated parts to try Quiesce on: `arrays` serves emulated arrays, `certificates` the TLS they need.

Nothing here is used by a run. An emulator is found by reference (`Provider.emulator`), never imported.
"""
