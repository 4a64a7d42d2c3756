import { readFile, writeFile } from "node:fs/promises";

const wish = new FormData();
wish.append("sketch", new Blob([await readFile("drawing.png")]), "drawing.png");
wish.append("prompt", "a red fox in a neon city");
wish.append("seed", "7");
const answer = await fetch("http://127.0.0.1:7860/v1/draw", { method: "POST", body: wish });
if (!answer.ok) throw new Error((await answer.json()).error);
await writeFile("picture.png", Buffer.from(await answer.arrayBuffer()));
console.log(answer.headers.get("Croquis-Seed"), answer.headers.get("Croquis-Styles"));
