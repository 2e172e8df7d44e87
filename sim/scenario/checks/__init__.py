"""Economic sense of a typed scenario, asked before the first month.

`sense` asks all of them; the other files hold checks of parts.
May not: read files.
"""
