"""A drawing and a small colour field become a plain painting: colours, lines and regions, kept apart."""
