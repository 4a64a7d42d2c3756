import base64
import json
import urllib.request
from pathlib import Path

drawing = base64.b64encode(Path("drawing.png").read_bytes()).decode()
wish = {"sketch": drawing, "prompt": "a red fox in a neon city", "seed": 7}
call = urllib.request.Request(
    "http://127.0.0.1:7860/v1/draw",
    data=json.dumps(wish).encode(),
    headers={"Content-Type": "application/json"},
)
with urllib.request.urlopen(call) as answer:
    Path("picture.png").write_bytes(answer.read())
    print(answer.headers["Croquis-Seed"], answer.headers["Croquis-Styles"])
