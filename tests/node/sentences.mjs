// Print, as JSON, the sentences that the scripts in assets/ show: those that go through say(), and those that do not.
import { readdirSync, readFileSync } from "node:fs";
import { parse } from "acorn";
import { ancestor, simple } from "acorn-walk";

const ASSETS = new URL("../../assets/", import.meta.url);
const SHOWN_ATTRIBUTES = new Set(["title", "aria-label", "aria-description", "aria-roledescription", "aria-valuetext", "placeholder", "alt", "label"]);
const SHOWN_PROPERTIES = new Set(["textContent", "innerText", "title", "placeholder", "alt", "ariaLabel"]);
const WORDED = /\p{L}{2}/u; // what has no two letters in a row is a sign, not a word
const SENTENCE = /^\p{Lu}\p{Ll}+(?![A-Z\w-])/u; // begins as a sentence or a label does
const NAMED_BY = new Set(["includes", "get", "set", "has", "setRequestHeader", "append", "addEventListener"]); // their texts are names

const said = new Set(), unsaid = [];
for (const name of readdirSync(ASSETS).filter((file) => file.endsWith(".js"))) readScript(name);
process.stdout.write(JSON.stringify({ said: [...said].sort(), unsaid: [...new Set(unsaid)] }));

function readScript(name) {
  const tree = parse(readFileSync(new URL(name, ASSETS), "utf8"), { ecmaVersion: "latest", sourceType: "module", locations: true });
  const report = (node) => findTexts(node).forEach((text) => WORDED.test(text) && unsaid.push(`${name}:${node.loc.start.line}: ${text}`));
  ancestor(tree, {
    Literal(node, _, ancestors) { reportLabel(node, ancestors, name); },
  });
  simple(tree, {
    CallExpression({ callee, arguments: args }) {
      if (callee.name === "say") collectSaid(args[0], name);
      if (callee.name === "make") reportMade(args, report);
    },
    AssignmentExpression({ left, right }) {
      if (left.type === "MemberExpression" && SHOWN_PROPERTIES.has(left.property.name)) report(right);
    },
  });
}

/** Report the texts among an element's children and shown attributes, as make(tag, attributes, ...children) takes them. */
function reportMade([, attributes, ...children], report) {
  children.forEach(report);
  for (const { key, value } of attributes?.properties ?? []) {
    if (key && SHOWN_ATTRIBUTES.has(key.name ?? key.value)) report(value);
  }
}

/** Report a text that looks like a label or a sentence, unless say() gets it or it is compared or names a key. */
function reportLabel(node, ancestors, name) {
  if (typeof node.value !== "string" || !SENTENCE.test(node.value)) return;
  const [parent] = ancestors.slice(-2);
  const isSaid = ancestors.some(({ type, callee }) => type === "CallExpression" && (callee.name === "say" || callee.object?.name === "console"));
  const isCompared = parent.type === "BinaryExpression" && parent.operator !== "+" || parent.type === "SwitchCase";
  const isKey = parent.type === "Property" && parent.key === node || parent.type === "MemberExpression";
  const isName = parent.type === "CallExpression" && NAMED_BY.has(parent.callee.property?.name);
  if (!isSaid && !isCompared && !isKey && !isName) unsaid.push(`${name}:${node.loc.start.line}: ${node.value}`);
}

/** Collect what say() is called with: a text, or a choice between texts. */
function collectSaid(node, name) {
  const texts = findTexts(node);
  if (!texts.length && node?.type === "Literal") unsaid.push(`${name}:${node.loc.start.line}: say() of what is no text`);
  texts.forEach((text) => said.add(text));
}

/** Find the texts that an expression may be: itself, or the branches of a choice. */
function findTexts(node) {
  if (!node) return [];
  if (node.type === "Literal") return typeof node.value === "string" ? [node.value] : [];
  if (node.type === "TemplateLiteral") return [node.quasis.map(({ value }) => value.cooked).join("{}")];
  if (node.type === "ConditionalExpression") return [...findTexts(node.consequent), ...findTexts(node.alternate)];
  if (node.type === "LogicalExpression") return [...findTexts(node.left), ...findTexts(node.right)];
  if (node.type === "BinaryExpression") return [...findTexts(node.left), ...findTexts(node.right)];
  return [];
}
