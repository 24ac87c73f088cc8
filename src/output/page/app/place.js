// Where something is: a context on this page; a place in a file, shown everywhere and opened in an editor where the
// page is served from this machine.

import { el } from "./dom.js";
import { line } from "./inert.js";
import { choose, page } from "./state.js";

const EDITORS = {
  code: ["VS Code", (path, at) => `vscode://file${path}:${at}`],
  cursor: ["Cursor", (path, at) => `cursor://file${path}:${at}`],
  zed: ["Zed", (path, at) => `zed://file${path}:${at}`],
  idea: ["IntelliJ", (path, at) => `idea://open?file=${path}&line=${at}`],
};

/** The editors that a place can be opened in: key and name. */
export const editors = Object.entries(EDITORS).map(([key, [name]]) => [key, name]);

export function editor() {
  return remembered("editor") ?? "code";
}

/** The name of a context, which opens one of its views; `before` is called before that. */
export function contextLink(name, view, before = null) {
  const go = (event) => {
    event.preventDefault();
    before?.();
    choose({ view, context: name });
    scrollTo(0, 0);
  };
  return el("a", { href: `#${new URLSearchParams({ view, context: name })}`, on: { click: go } }, line(name));
}

/** `path:first-last`; a link where there is an editor to open it. */
export function place(path, first = null, last = null) {
  const lines = first === null ? "" : last === null || last === first ? `:${first}` : `:${first}-${last}`;
  const words = line(path + lines);
  if (!page.live) return el("code", { class: "place", title: words }, words);
  const [name, address] = EDITORS[editor()] ?? EDITORS.code;
  const full = encodeURI(`${page.live.root}/${path}`).replace(/[?#&]/g, encodeURIComponent);
  return el("a", { class: "place", href: address(full, first ?? 1), title: `Open in ${name}` }, words);
}

/** What the reader set before; null if nothing, or if the browser keeps nothing. */
export function remembered(key) {
  try {
    return localStorage.getItem(`contexture.${key}`);
  } catch {
    return null;
  }
}

export function remember(key, value) {
  try {
    localStorage.setItem(`contexture.${key}`, value);
  } catch {
    // It holds until the page is closed, then.
  }
}
