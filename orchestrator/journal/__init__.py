"""What a run has done, on disk, so that whoever finds its remains knows what to do.

One file a run, held by `flock` for the process's life. `entries` says what is written when, `store`
writes it, `duty` reads it back into what recovery owes, `host_lock` keeps two runs off one host.

Invariants:
- Every name that a call may give to an object is on disk before the call (R3).
- Two syncs stand round the window, `opening` before the freeze and `closed` after the thaw; nothing is
  written between them.
- From `telling` on, nothing may delete the set (R6).

What is left behind when we die:
- before `begun`: nothing.
- before `opening`: perhaps consistency groups, a prepared set on the host.
- before `closed`: frozen writers until the host's dead man thaws them, and cuts.
- before `signing`: cuts. Before `proven`: cuts, and a record if it got as far.
- before `ended`: a proven set; clones that were named but perhaps not made.
"""
