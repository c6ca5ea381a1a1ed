"""Whether files use each other down the floors of a program only, and never in a circle."""
