"""What the colourist is told beside the prompt's words: the drawing with its regions, painted colours, palettes."""
