"""Make what leaves Croquis in other forms: the thing cut out, and the layers for painting programs."""
