// What could hide, reorder or forge text is shown as the escape that it is. The browser keeps text
// from becoming mark-up; this keeps it from deceiving a reader. The same characters as `inert.rs`.

import { el } from "./dom.js";

const HOSTILE =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u061c\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Text as nodes: runs of it, and each hostile character as a visible escape. */
export function shown(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(HOSTILE)) {
    if (match.index > end) nodes.push(text.slice(end, match.index));
    nodes.push(el("span", { class: "escape", title: "an invisible or reordering character" }, escaped(match[0])));
    end = match.index + match[0].length;
  }
  if (end < text.length) nodes.push(text.slice(end));
  return nodes;
}

/** Text on one line as plain text, for titles and labels. */
export function line(text) {
  return text.replace(HOSTILE, escaped).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

function escaped(character) {
  return `\\u{${character.codePointAt(0).toString(16)}}`;
}
