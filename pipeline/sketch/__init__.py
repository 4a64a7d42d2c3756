"""A drawing becomes white lines on black."""
