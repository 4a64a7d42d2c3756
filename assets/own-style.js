// A person's own styles: a picture becomes one, or only its colours are used; a style travels as one file.
import { openDialog } from "./dialog.js";
import { make } from "./dom.js";
import { encodeBase64 } from "./intake.js";
import { isLent } from "./library.js";
import { say } from "./words.js";

const COOKIE = "croquis_styles"; // as pipeline/page/sharing.py
const COOKIE_SECONDS = 400 * 24 * 3600; // browsers keep none longer
const MOST_BYTES = 20_000_000; // of a picture, as the server takes it

/**
 * Let a person choose pictures or a style's file; only one unless `multiple`.
 * @param {(files: File[]) => void} take
 */
export function chooseFile(take, multiple = false) {
  const input = make("input", { type: "file", id: "own-style-file", accept: "image/*,.croquis-style", hidden: true, multiple, onchange: () => {
    if (input.files?.length) take([...input.files]);
    input.remove();
  } });
  input.addEventListener("cancel", () => input.remove());
  document.getElementById("own-style-file")?.remove();
  document.body.append(input);
  input.click();
}

/** Let files be dropped on an element. @param {(files: File[]) => void} take */
export function acceptDrops(node, take) {
  node.addEventListener("dragover", (event) => {
    event.preventDefault();
    node.classList.add("over");
  });
  node.addEventListener("dragleave", () => node.classList.remove("over"));
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    node.classList.remove("over");
    take([...(event.dataTransfer?.files ?? [])]);
  });
}

/** OwnStyles keeps pictures as styles. */
export class OwnStyles {
  /**
   * @param {any} page
   * @param {{ wear: (id: string) => void, unwear: () => void, tell: (text: string, actions?: [string, () => void][]) => void }} row
   */
  constructor(page, row) {
    this.page = page;
    this.row = row;
  }

  /** Keep a file as a style and wear it. */
  async take(/** @type {File} */ file) {
    if (file.size > MOST_BYTES) return this.row.tell(say("A picture of at most 20 MB is needed here."));
    this.row.tell(say("Looking at your picture…"));
    keepToken();
    try {
      const { id, name } = await this.page.askLibrary("add", { data: await encodeBase64(file), name: file.name });
      this.row.wear(id);
      /** @type {[string, () => void][]} */
      const actions = [[say("Only its colours"), () => this.useColours(id)]];
      if (!isLent(id)) actions.push([say("Rename"), () => this.openNames(id)]);
      this.row.tell(say("“{name}” is one of your styles now.", { name }), actions);
    } catch (error) {
      this.row.tell(/** @type {Error} */ (error).message);
    }
  }

  /** Paint in a style's colours alone; the style itself goes again. */
  async useColours(id) {
    try {
      const { palette } = await this.page.askLibrary("colours", { id });
      await this.page.askLibrary("remove", { id });
      this.page.setPalette(palette, false);
      this.row.unwear();
      this.row.tell(say("The next pictures are painted in its colours."));
    } catch (error) {
      this.row.tell(/** @type {Error} */ (error).message);
    }
  }

  /** Let a person name a style, and say which words find it. */
  openNames(id) {
    const style = this.page.findStyle(id);
    const name = make("input", { id: "own-style-name", maxlength: 60, value: style.name, autocomplete: "off" });
    const words = make("input", { id: "own-style-words", maxlength: 500, value: style.words.join(", "), autocomplete: "off", placeholder: say("soft light, cut paper, 1960s") });
    const problem = make("p.problem", { role: "alert" });
    const form = make("form.names", { onsubmit: async (event) => {
      event.preventDefault();
      try {
        await this.page.askLibrary("rename", { id, name: name.value, words: words.value });
        dialog.close();
      } catch (error) {
        problem.textContent = /** @type {Error} */ (error).message;
      }
    } },
    make("label", { for: name.id }, say("Name of your style")), name,
    make("label", { for: words.id }, say("Words that should find it")), words, problem,
    make("button.primary", { type: "submit" }, say("Keep")));
    const dialog = openDialog(say("Your style"), form, { name: "style-names" });
    name.select();
  }

  /** Save a style as one file. */
  async save(id) {
    const { data, file } = await this.page.askLibrary("export", { id });
    make("a", { href: data, download: file }).click();
  }

  /** Remove a style, after a question. */
  async remove(id) {
    if (!confirm(say("Remove the style “{name}”?", { name: this.page.styleName(id) }))) return;
    try {
      await this.page.askLibrary("remove", { id });
    } catch (error) {
      this.row.tell(/** @type {Error} */ (error).message);
    }
  }
}

/** Give this browser the word by which the server knows again who added a style, unless it has one. */
function keepToken() {
  if (document.cookie.split("; ").some((each) => each.startsWith(`${COOKIE}=`))) return;
  const token = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32)))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  const reach = location.protocol === "https:" ? "SameSite=None; Secure; Partitioned" : "SameSite=Lax"; // as page/visitors.py
  document.cookie = `${COOKIE}=${token}; Max-Age=${COOKIE_SECONDS}; Path=/; ${reach}`;
}
