// Words searched for in all prompts: which contexts hold them, how often, and where first.

import { el, put } from "./dom.js";
import { counted, grouped } from "./format.js";
import { line, shown } from "./inert.js";
import { allTexts } from "./load.js";
import { contextLink } from "./place.js";
import { pattern, searchFor } from "./search.js";
import { choose, chosen, page } from "./state.js";

/** Contexts that are listed, occurrences that are counted, those that are quoted, and the text around one. */
const LISTED = 50;
const COUNTED = 100_000;
const QUOTED = 2;
const AROUND = 60;
/** Milliseconds of work before the browser may draw, and of rest before a search begins. */
const TURN = 10;
const REST = 150;

let asking = 0;

/** Draws the field and, below it, what the words of the address are found in. */
export function drawFind(main) {
  const known = main.querySelector(":scope > .found");
  if (known) {
    const words = document.getElementById("words");
    if (words !== document.activeElement) words.value = chosen.words;
    return lookEverywhere(known);
  }
  const body = el("div", { class: "found" });
  let resting = 0;
  const later = () => {
    clearTimeout(resting);
    resting = setTimeout(() => choose({ words: field.value }), REST);
  };
  const field = el("input", { id: "words", type: "search", value: chosen.words, size: 32, spellcheck: "false", autocomplete: "off", on: { input: later } });
  const now = (event) => {
    event.preventDefault();
    choose({ words: field.value });
  };
  put(main, el("h1", {}, "Search all prompts"), el("form", { class: "base", on: { submit: now } }, el("label", { for: "words" }, "Text"), field), body);
  field.focus({ preventScroll: true });
  return lookEverywhere(body);
}

async function lookEverywhere(body) {
  const [number, words] = [(asking += 1), chosen.words];
  const isCurrent = () => number === asking;
  if (!words) return put(body, el("p", { class: "faint", role: "status" }, "Upper and lower case are one; every prompt of the project is searched, as it is sent."));
  if (!body.hasChildNodes()) put(body, el("p", { class: "faint", role: "status" }, "Searching…"));
  try {
    const { texts, segments } = await allTexts();
    const found = await occurrencesIn(texts, words, isCurrent);
    if (found && isCurrent()) put(body, hitsOf(found, segments, words));
  } catch (error) {
    if (isCurrent()) put(body, el("p", { class: "faint", role: "status" }, `The texts could not be fetched: ${error.message}.`));
  }
  return null;
}

/** By its digest, how often each text holds the words, and the first places; null where it is not asked for any more. */
async function occurrencesIn(texts, words, isCurrent) {
  const [wanted, found] = [pattern(words), new Map()];
  let [began, count] = [performance.now(), 0];
  for (const [digest, parts] of Object.entries(texts)) {
    const own = { count: 0, quotes: [] };
    for (const { kind, text } of parts) {
      if (kind !== "text" && kind !== "tool") continue;
      for (const match of text.matchAll(wanted)) {
        own.count += 1;
        if (own.quotes.length < QUOTED) own.quotes.push([text, match.index, match.index + match[0].length]);
        if ((count += 1) >= COUNTED) break;
      }
    }
    if (own.count) found.set(digest, own);
    if (count >= COUNTED) break;
    if (performance.now() - began < TURN) continue;
    await new Promise((resolve) => setTimeout(resolve));
    if (!isCurrent()) return null;
    began = performance.now();
  }
  return found;
}

function hitsOf(found, segments, words) {
  const hits = segments.map((all, at) => {
    const own = all.filter(([, digest]) => found.has(digest));
    return { at, own, count: own.reduce((sum, [, digest]) => sum + found.get(digest).count, 0) };
  });
  const some = hits.filter(({ count }) => count).sort((one, other) => other.count - one.count);
  const own = [...found.values()].reduce((sum, { count }) => sum + count, 0);
  const said = own >= COUNTED ? `More than ${grouped(COUNTED)} occurrences; the first of them are in ${counted(some.length, "context")}.` : `${counted(own, "occurrence")} in ${counted(found.size, "text")} of ${counted(some.length, "context")}.`;
  return [
    el("p", { class: "faint", role: "status" }, said),
    el("ol", { class: "hits" }, some.slice(0, LISTED).map((hit) => hitIn(hit, found, words))),
    some.length > LISTED && el("p", { class: "faint" }, `${counted(some.length - LISTED, "more context")}.`),
  ];
}

function hitIn({ at, own, count }, found, words) {
  const quotes = own.flatMap(([id, digest]) => found.get(digest).quotes.map((quote) => [id, ...quote])).slice(0, QUOTED);
  return el(
    "li",
    {},
    el("p", {}, contextLink(page.prompts[at].name, "prompt", () => searchFor(words)), el("span", { class: "size" }, ` ${counted(count, "time")}`)),
    quotes.map(([id, text, from, to]) => el("p", { class: "quote" }, el("code", {}, line(id)), " ", shown(around(text, from - AROUND, from)), el("mark", {}, shown(text.slice(from, to))), shown(around(text, to, to + AROUND)))),
  );
}

/** A stretch on one line, cut between characters. */
function around(text, from, to) {
  return text.slice(Math.max(0, from), to).replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "").replace(/\s+/g, " ");
}
