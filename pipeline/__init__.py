"""Croquis: from a drawing to a picture."""
