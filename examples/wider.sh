curl -sf http://127.0.0.1:7860/v1/draw \
  -F image=@drawing.png -F margins='{"left": 128, "right": 128}' -F prompt="a red fox in a wide valley" -o picture.png
