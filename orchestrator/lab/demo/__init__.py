"""The demonstration: a proven clone, torn break-offs, a refusal and a failed night, on emulated parts.

`stage` starts the parts as processes of their own · `proven` · `break_off` · `failed_night` are the acts.
"""
