croquis=http://127.0.0.1:7860/gradio_api
sketch=$(curl -sf "$croquis/upload" -F files=@drawing.png | cut -d '"' -f 2)
event=$(curl -sf "$croquis/call/v2/draw" -H 'Content-Type: application/json' -d '{
  "sketch": {"path": "'"$sketch"'", "meta": {"_type": "gradio.FileData"}},
  "prompt": "a red fox in a neon city",
  "seed": 7
}' | cut -d '"' -f 4)
answer=$(curl -sfN "$croquis/call/v2/draw/$event" | grep complete -A 1)
picture=$(grep -o '"path": "[^"]*"' <<< "$answer" | head -n 1 | cut -d '"' -f 4)
curl -sf "$croquis/file=$picture" -o picture.png
