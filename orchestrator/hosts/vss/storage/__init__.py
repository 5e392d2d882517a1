"""From host volumes to disks to LUN identities, on Windows.

`devices.py` is the seam: what is asked of the system, as raw answers; `windows.py` asks. `extents.py`,
`device_ids.py` and `layout.py` read the answers and are pure; `survey.py` puts them together.
"""
