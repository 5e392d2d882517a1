"""A process that holds a freeze for the orchestrator, and ends it when nobody else does.

Start reading at `hold.py`: what is held. The process: `keeper` obeys, `holding` keeps to the limits,
`freezing` and `thawing` do the work; all of it small and without our heavier imports. The orchestrator's
side: `held_set`, over `client`. When one of the two is dead: `lease` and `takeover`.
"""
