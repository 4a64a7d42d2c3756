import shutil

from gradio_client import Client, handle_file

croquis = Client("http://127.0.0.1:7860")
picture, details = croquis.predict(
    sketch=handle_file("drawing.png"),
    prompt="a red fox in a neon city",
    seed=7,
    api_name="/draw",
)
shutil.copy(picture, "picture.png")
print(details["seed"], details["styles"][0]["name"])
