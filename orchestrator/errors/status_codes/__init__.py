"""The status codes in `orchestrator.errors.hresults`, one file for what has one cause in common."""
