"""The VSS requestor: makes a shadow copy set and speaks with the writers. Start reading at `session.py`.

Every COM call of a set is made on one thread of its own (`thread.py`). `steps.py` holds the calls of a set in
their order, `metadata.py` what the writers say they are, `writers.py` how they fare, `waiting.py` the one way
to wait for VSS, `failures.py` what every failure becomes.
"""
