curl -sf http://127.0.0.1:7860/v1/draw \
  -F sketch=@drawing.png -F prompt="a red fox in a neon city" -F seed=7 -o picture.png
