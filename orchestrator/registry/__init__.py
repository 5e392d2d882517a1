"""What this installation knows: plugins that loaded, arrays and hosts registered, sets made.

Start at `plugins` (who offers which kind), `database` (where it is kept), `endpoints` and `sets` (what is
kept), `connections` (from a registered array or host to an object that speaks to it),
`secret_reference` (where a secret stands, never what it is).
Everything here is synchronous but `probe`: call it before the event loop, or in a thread.
"""
