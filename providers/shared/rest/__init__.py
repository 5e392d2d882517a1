"""How requests travel to an array: verified TLS, warm connections, sessions, retries, and the one cut.

`RestArray` is one array. A vendor's client gives it a `Dialect` and then calls `read` (repeated when it
fails), `change` (never repeated) or `cut` (one request on a proven connection, with the engine's token).
What a caller gets is an `Answer` or one of the project's own errors. Nothing here knows a vendor's words.
"""

from providers.shared.rest.answers import Answer, bad_answer
from providers.shared.rest.array import Dialect, Patience, RestArray

__all__ = ["Answer", "Dialect", "Patience", "RestArray", "bad_answer"]
