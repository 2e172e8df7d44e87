"""Known answers: cases computed by the project's functions and compared.

One file for each group of families.
May not: hold expected values.
"""
