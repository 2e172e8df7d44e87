"""Economic sense of a typed scenario, asked before the first month.

`sense` asks all of them; `market` holds those that hold without a lever, too.
May not: read files.
"""
