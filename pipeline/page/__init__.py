"""The page: its parts, what they show, and the handlers behind them. Only this folder and app.py know Gradio."""

import os

# Before Gradio is imported anywhere: nothing on this machine is reported to anyone.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
