"""What stored results say: verdicts, comparisons, known answers, history.

One room for each question.
May not: draw pictures or print.
"""
