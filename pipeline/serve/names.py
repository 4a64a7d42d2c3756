"""Name the four applications of a cluster; each has one deployment of the same name."""

ENGINES = "engines"  # the workers that draw
RETRIEVAL = "retrieval"  # the encoder of words
PAGE = "page"  # Gradio's page, one replica
DRAW = "draw"  # /v1/draw
