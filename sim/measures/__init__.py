"""What is measured each month. A new measure is one decorated function in a file here."""
