"""Pure functions on arrays, with the textbook names of industrial organisation.

Every function states its formula, shapes, units, errors and source. Nothing here keeps state,
draws random numbers or knows about vendors, clients or scenario files. Import the module of the
noun you need, for example ``from sim.economics.pricing import bertrand_nash``.
"""
