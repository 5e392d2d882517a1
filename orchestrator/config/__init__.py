"""What users write and where Quiesce keeps things: job files and the state folder."""
