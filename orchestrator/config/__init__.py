"""What users write and where Quiesce keeps things: job files, secret references, the state folder."""
