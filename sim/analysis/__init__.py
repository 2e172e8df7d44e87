"""What stored results say: verdicts, comparisons, known answers and the historic record."""
