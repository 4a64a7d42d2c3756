import { writeFile } from "node:fs/promises";
import { Client, handle_file } from "@gradio/client";

const croquis = await Client.connect("http://127.0.0.1:7860");
const { data: [picture, details] } = await croquis.predict("/draw", {
  sketch: handle_file("drawing.png"),
  prompt: "a red fox in a neon city",
  seed: 7,
});
const answer = await fetch(picture.url);
await writeFile("picture.png", Buffer.from(await answer.arrayBuffer()));
console.log(details.seed, details.styles[0].name);
process.exit(); // in Node, the client's open connection would keep the program alive
