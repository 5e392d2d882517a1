"""What a Linux machine tells of its file systems, block devices and LUNs. Reads only."""
