"""Host coordinators: one folder for each kind of host whose writers can be frozen."""
