"""Windows hosts: our VSS requestor and VSS provider.

`com` calls COM objects by tables · `requestor` makes a set and speaks with the writers · `provider` and
`shim` stand inside the hold · `storage` finds the LUNs · `host.py` and `vss_set.py` join them ·
`coordinator.py` is their asyncio face.
All but the last run on Windows with the standard library alone. Start reading at `host.py`.
"""
