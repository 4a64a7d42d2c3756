"""POST /v1/draw: one HTTP call, one picture, and the OpenAPI description of it."""
