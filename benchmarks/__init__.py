"""Measurements of the whole service and its parts. The README's figures come from here."""
