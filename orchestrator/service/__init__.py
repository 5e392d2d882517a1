"""The composition root: the one place where parts are joined.

`installation` everything one state folder holds · `parties` hosts and arrays connected for a while ·
`runs` one job run or planned · `recovery` what dead runs left · `sets` sets deleted or adopted ·
`presentation` clones of a set shown to this machine · `shown_clones` the same inside a run ·
`signing` the engine's recorder on the evidence chain.
"""
