"""An emulated FlashArray that speaks REST 2.0, 2.4 and 2.26 as strictly as the array does.

`server` turns requests into calls, `routes` is the table of what may be asked, and one file per resource
carries it out. Judged by the vendor's own SDK (tests/judges/pure_flasharray), never by our client.

Not emulated, and refused: pods, volume groups, replication, schedules, file services, OAuth2, REST 1.x.
Rate limits are announced in headers but not enforced: inject `busy` instead.
"""

from providers.pure_flasharray.emulator.server import FlashArrayEmulator

__all__ = ["FlashArrayEmulator"]
