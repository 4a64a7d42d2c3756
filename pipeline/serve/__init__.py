"""Croquis beyond one machine: Ray Serve runs the page, /v1/draw, the workers that draw and the encoder of words."""
