"""How tests use detsched."""
