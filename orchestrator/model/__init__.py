"""The nouns: frozen records that every other part passes around. No clock, no I/O, no behaviour.

`time` readings of clocks · `hosts` writers, components, host volumes, reports · `arrays` array volumes,
capabilities, cuts, replicas · `names` how our objects are called · `budgets` how long things may take ·
`facts` everything a proof rests on · `grades` what a set may be called.
"""
