"""Show the page and serve the API; this room and app.py alone know Gradio."""

import os

# Before Gradio is imported anywhere: nothing on this machine is reported to anyone.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
