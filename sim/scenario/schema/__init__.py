"""The tables of a scenario file, one file per part; the models are the documentation."""
