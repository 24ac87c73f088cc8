// Finding words in the prompt: every occurrence is known at once, and painted where its text is made.

import { el, put } from "./dom.js";
import { grouped } from "./format.js";
import { choose, viewNow } from "./state.js";
import { rangeIn } from "./text.js";

/** More occurrences than anybody steps through. */
const MOST = 10_000;

// A browser that cannot paint highlights still steps through the occurrences.
const Painted = globalThis.Highlight ?? Set;
const found = new Painted();
const here = new Painted();
here.priority = 1;
CSS.highlights?.set("found", found);
CSS.highlights?.set("here", here);

let query = "";
let matches = [];
let at = -1;
let target = null;
/** Whether the first occurrence is gone to once the prompt is there. */
let goes = false;

/** The box with its field and its count. `target` is the prompt: `parts()` lists its texts, `piecesOf`
 *  gives the made pieces of one, `reveal` makes a stretch of one and brings it onto the screen. */
export function searchBox() {
  const count = el("output", { class: "count", for: "search" });
  const field = el("input", {
    id: "search",
    type: "search",
    placeholder: "Search the prompt",
    "aria-label": "Search the prompt",
    autocomplete: "off",
    spellcheck: "false",
    on: {
      input: () => look(field.value),
      keydown: (event) => {
        if (event.key === "Enter" && viewNow() === "prompt") step(event.shiftKey ? -1 : 1);
        else if (event.key === "Enter") choose({ view: "find", words: query });
        if (event.key === "Escape") leave(field);
        if (event.key === "Enter" || event.key === "Escape") event.preventDefault();
      },
    },
  });
  field.report = () => {
    const some = matches.length === MOST ? `${grouped(MOST)}+` : grouped(matches.length);
    put(count, query ? (at < 0 ? some : `${grouped(at + 1)}/${some}`) : "");
    all.hidden = !query;
  };
  const all = el("button", { type: "button", class: "quiet", hidden: true, title: "Search all prompts", on: { click: () => choose({ view: "find", words: query }) } }, "All");
  return el("search", { class: "search" }, field, count, all, el("kbd", { "aria-hidden": "true" }, "/"));
}

/** Says what the box searches: the prompt that is on the screen, or all of them. */
export function labelSearch(isPrompt) {
  const field = document.getElementById("search");
  field.placeholder = isPrompt ? "Search the prompt" : "Search all prompts";
  field.setAttribute("aria-label", field.placeholder);
}

/** Searches this prompt from now on. */
export function searchIn(prompt) {
  target = prompt;
  look(query);
  if (goes) step(1);
  goes = false;
}

/** Searches the prompt that is drawn next, and goes to the first occurrence. */
export function searchFor(words) {
  document.getElementById("search").value = query = words;
  goes = true;
}

/** Paints the occurrences inside of a piece that was just made. */
export function paint(segment, part, piece) {
  for (const match of matches) {
    if (match.segment !== segment || match.part !== part || match.from < piece.from || match.to > piece.to) continue;
    const range = rangeIn(piece, match.from, match.to);
    if (range) found.add(range);
  }
}

/** Goes to the next occurrence, or back. */
export function step(by) {
  if (!matches.length) return;
  at = at < 0 ? first(by) : (at + by + matches.length) % matches.length;
  const match = matches[at];
  const piece = target.reveal(match.segment, match.part, match.from);
  const range = piece && rangeIn(piece, match.from, match.to);
  here.clear();
  if (range) {
    here.add(range);
    target.center(range);
  }
  document.getElementById("search").report();
}

/** The first occurrence that is not above the screen. */
function first(by) {
  const top = target.firstVisible();
  const next = matches.findIndex((match) => match.segment >= top);
  return next < 0 ? (by > 0 ? 0 : matches.length - 1) : next;
}

function look(words) {
  query = words;
  matches = words && target ? occurrences(words) : [];
  at = -1;
  found.clear();
  here.clear();
  if (target && matches.length) {
    for (const [segment, part, piece] of target.madePieces()) paint(segment, part, piece);
  }
  document.getElementById("search")?.report();
}

/** What finds these words, whatever their case. */
export function pattern(words) {
  return new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "giu");
}

function occurrences(words) {
  const wanted = pattern(words);
  const all = [];
  for (const [segment, part, text] of target.texts()) {
    for (const match of text.matchAll(wanted)) {
      all.push({ segment, part, from: match.index, to: match.index + match[0].length });
      if (all.length === MOST) return all;
    }
  }
  return all;
}

function leave(field) {
  field.value = "";
  look("");
  field.blur();
}
