"""Yes or no, with the reason. Pure: facts go in, findings come out; no clock, no I/O, no logging.

`reasons` what a finding is · `consistency` what is refused before anything is touched (break-offs first
of all) · `topology` from files down to array volumes, and every layout we refuse · `budgets` stricter
only · `proof` the judge of R1, the only place that may call a set application-consistent · `adoption`
whether a copy from elsewhere may be taken in.

Exchange's own rules stand in one table, `exchange_rules`: start reading there. `copies` chooses among the
copies of a database, `sets` splits what is too large for one set, `presentation` says who may see a clone.
"""
