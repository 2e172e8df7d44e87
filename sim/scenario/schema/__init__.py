"""The tables of a scenario file, one file per part; the models are the documentation."""

from sim.parts import cited

# Sources that more than one part states.
PILOT = "pilot study"
BASS = "Bass (1969); Sultan, Farley & Lehmann (1990)"
DESIGN = cited("design choice, see docs/explanation/economics.md")
CLEARING = "clearing price of a full capacity: Kreps & Scheinkman (1983, Bell J. 14:326-337)"
