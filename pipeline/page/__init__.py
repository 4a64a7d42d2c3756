"""Show the page and serve the API; this room and app.py alone know Gradio."""

import os

# Before Gradio is imported anywhere: nothing on this machine is reported to anyone.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

# Gradio asks matplotlib, where it is installed, for its backend before each call of its queue. Where none is named,
# finding one imports all of pyplot, in the event loop that everybody's requests wait for: half a second, or four.
os.environ.setdefault("MPLBACKEND", "agg")
