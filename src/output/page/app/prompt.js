// The prompt as the model sees it, segment by segment, with what is known of each in the margin.

import { copyButton, plainText } from "./copy.js";
import { el, keep, put } from "./dom.js";
import { about, counted, grouped, money, percent } from "./format.js";
import { fillField } from "./fill.js";
import { line, shown } from "./inert.js";
import { place } from "./place.js";
import { page } from "./state.js";
import { legend, measure, requestBar, windowBar } from "./strip.js";
import { lines, make, later, pieces } from "./text.js";
import { paint, searchIn } from "./search.js";
import { meaning } from "./words.js";

/** The segments on the page, in order: `{key, node, at, parts, pieces}`. */
let segments = [];
let bar = null;
let measured = null;
let cursor = -1;
let context = "";

/** Draws the prompt into `main`. On a new build of the same context everything that did not change
 *  stays in place: what is selected, and what is on the screen. */
export function drawPrompt(main, current) {
  const list = main.querySelector(":scope > .prompt") ?? el("ol", { class: "prompt", "aria-label": "Segments" });
  const isSame = list.isConnected && context === current.prompt.name;
  const anchor = isSame ? anchored() : null;
  const known = new Map(isSame ? segments.map((segment) => [segment.key, segment]) : []);
  context = current.prompt.name;

  measured = measure(current);
  const metrics = measureText(main);
  const rows = [];
  const seen = new Map();
  segments = current.figures.segments.map((figures, at) => {
    const count = seen.get(figures.digest) ?? 0;
    seen.set(figures.digest, count + 1);
    const key = `${figures.digest} ${figures.id} ${count}`;
    const segment = known.get(key) ?? fresh(key, page.texts[figures.digest] ?? [], metrics, isSame);
    segment.at = at;
    put(segment.margin, margin(current, at));
    put(segment.gutter, gutter(at));
    segment.node.className = `segment tier-${measured.boxes[at].tier}${segment.isNew ? " fresh" : ""}`;
    segment.node.id = `segment-${at}`;
    rows.push(segment.node, ...marks(current, at));
    return segment;
  });
  keep(list, rows);
  bar = requestBar(measured, current.model, (at) => select(at, true));
  const strip = el("section", { class: "strip", "aria-label": "What fills the context" }, windowBar(measured, current.model, current.note));
  const pinned = el("div", { class: "pinned" }, bar);
  keep(main, [strip, pinned, legend(measured, current), list]);
  watchSeen();
  if (anchor) restore(anchor);
  if (!isSame) cursor = -1;
  else select(cursor, false);
  searchIn(searchable);
}

/** Moves to the next segment, or back. */
export function move(by) {
  const from = cursor < 0 ? firstVisible() - (by > 0 ? 1 : 0) : cursor;
  select(Math.max(0, Math.min(segments.length - 1, from + by)), true);
}

/** Opens the source of the chosen segment. */
export function openSource() {
  segments[cursor]?.node.querySelector("a.place")?.click();
}

/** Makes a segment the chosen one, and brings it onto the screen if asked to. */
export function select(at, scrolls) {
  segments[cursor]?.node.removeAttribute("aria-current");
  cursor = Math.min(at, segments.length - 1);
  const segment = segments[cursor];
  if (!segment) return;
  segment.node.setAttribute("aria-current", "true");
  if (scrolls) {
    make(segment.node);
    segment.node.scrollIntoView({ block: "start" });
  }
}

/** A segment that was not on the page before. */
function fresh(key, parts, metrics, isNew) {
  const segment = { key, parts, pieces: [], isNew, gutter: el("div", { class: "gutter" }), margin: el("div", { class: "margin" }) };
  const height = parts.reduce((sum, part) => sum + lines(part.text, 0, part.text.length, metrics.columns) * metrics.line + 24, 0);
  const node = el("li");
  segment.node = later(node, Math.max(height, 92), () => {
    const body = parts.map((part, number) => {
      if (part.kind === "input" || part.kind === "history") return hole(part);
      const made = pieces(part.text, metrics.columns, metrics.line, (piece) => paint(segment.at, number, piece));
      segment.pieces[number] = made;
      const speaker = parts.length > 1 && el("div", { class: "speaker" }, part.role);
      return [speaker, el("div", { class: `text${part.kind === "tool" ? " tool" : ""}` }, made)];
    });
    node.append(segment.gutter, el("div", { class: "body" }, body), segment.margin);
  });
  return segment;
}

function hole(part) {
  const what = part.kind === "history" ? `earlier turns: ${line(part.text)}` : `{{${line(part.text)}}}`;
  return el("div", { class: "hole" }, el("code", {}, what), " filled in at run time", part.kind === "input" && fillField(part.text));
}

function gutter(at) {
  const { tokens } = measured.boxes[at];
  return [el("b", {}, grouped(tokens)), el("span", {}, percent(tokens, measured.total))];
}

function margin({ figures, prompt, model }, at) {
  const [segment, note] = [figures.segments[at], prompt.segments[at]];
  const hole = measured.boxes[at].tier === "run";
  return [
    el("div", { class: "id" }, el("span", { class: `swatch tier-${measured.boxes[at].tier}`, "aria-hidden": "true" }), el("b", {}, line(segment.id))),
    segment.path ? place(segment.path, ...(segment.lines ?? [])) : place(note.file, note.line),
    el(
      "div",
      { class: "tags" },
      el("span", {}, "role ", segment.role),
      note.stability && el("span", { class: `stability ${note.stability}`, title: "how often the author expects it to change" }, note.stability),
      note.cache === "never" && el("span", { title: "the manifest wants no breakpoint here" }, "cache: never"),
      note.needs && el("span", { title: "what this part of the template decides on at run time" }, "decides on ", note.needs.map(line).join(", ")),
      segment.path && el("span", { class: "by" }, "by ", place(note.file, note.line)),
    ),
    note.picked && el("div", { class: "picked", title: "why this example is in the prompt" }, note.picked.label !== null && el("b", {}, line(note.picked.label), ": "), line(note.picked.why)),
    note.needs && el("details", { class: "sample" }, el("summary", {}, "sample that is counted"), el("pre", {}, shown(note.sample ?? ""))),
    !hole && el("div", { class: "upto", title: "tokens of the request up to the end of this segment" }, `${about(model?.tokens.basis)}${grouped(measured.boxes[at].start + measured.boxes[at].tokens)} so far`),
    !hole && copyButton("Copy segment", () => plainText(page.texts[segment.digest] ?? [])),
  ];
}

/** The rules that stand behind a segment: cache breakpoints, the end of the prefix. */
function marks({ figures, prompt, model }, at) {
  const id = figures.segments[at].id;
  const marks = (model?.breakpoints ?? []).map((mark, number) => ({ ...mark, number: number + 1 })).filter((mark) => mark.after === id);
  const rules = marks.map((mark) =>
    el(
      "li",
      { class: `mark breakpoint${mark.dead ? " dead" : ""}` },
      el("span", { class: "flag", "aria-hidden": "true" }, String(mark.number)),
      el(
        "details",
        {},
        el(
          "summary",
          {},
          el("b", { title: meaning("breakpoint") }, mark.dead ? "Dead breakpoint" : "Cache breakpoint"),
          ` ${mark.ttl} · ${grouped(mark.tokens)} tokens`,
          mark.worth && ` · ${mark.worth.startsWith("-") ? "costs" : "saves"} ${money(mark.worth.replace("-", ""))} a month`,
          mark.explicit && " · asked for in the manifest",
        ),
        el("p", {}, line(mark.why)),
      ),
    ),
  );
  if (at + 1 === prompt.prefix_segments && at + 1 < figures.segments.length) {
    rules.push(el("li", { class: "mark prefix" }, el("span", { title: meaning("prefix") }, `The prefix ends here: ${counted(prompt.prefix_segments, "segment")}, ${grouped(measured.prefix)} tokens. What follows differs from call to call.`)));
  }
  return rules;
}

/** Columns and height of a line of prompt text. */
function measureText(main) {
  const probe = el("div", { class: "text probe" }, "0".repeat(100));
  main.append(probe);
  const { width, height } = probe.getBoundingClientRect();
  probe.remove();
  const room = main.clientWidth - (innerWidth > 900 ? 380 : 32);
  return { columns: Math.max(20, Math.floor(room / (width / 100))), line: height };
}

// What is on the screen: segments on the bar, and kept in place over a new build.

let seenObserver = null;
const onScreen = new Set();

function watchSeen() {
  seenObserver?.disconnect();
  onScreen.clear();
  const byNode = new Map(segments.map((segment) => [segment.node, segment]));
  seenObserver = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const segment = byNode.get(target);
      if (isIntersecting) onScreen.add(segment);
      else onScreen.delete(segment);
    }
    markSeen();
  });
  for (const { node } of segments) seenObserver.observe(node);
}

function markSeen() {
  const seen = bar?.querySelector(".seen");
  if (!seen) return;
  const ats = [...onScreen].map((segment) => segment.at);
  seen.hidden = !ats.length;
  if (seen.hidden) return;
  const [first, last] = [measured.boxes[Math.min(...ats)], measured.boxes[Math.max(...ats)]];
  const at = (tokens) => `${(100 * tokens) / Math.max(measured.total, 1)}%`;
  seen.style.left = at(first.start);
  seen.style.width = at(last.start + last.tokens - first.start);
}

function firstVisible() {
  const ats = [...onScreen].map((segment) => segment.at);
  return ats.length ? Math.min(...ats) : 0;
}

/** Where each segment on the screen stands. */
function anchored() {
  const seen = [...onScreen].sort((one, other) => one.at - other.at);
  return seen.map(({ key, at, node }) => ({ key, at, top: node.getBoundingClientRect().top }));
}

/** Puts the first of them that is still there where it stood; if none is, the one in its place. */
function restore(anchors) {
  const byKey = new Map(segments.map((segment) => [segment.key, segment]));
  const anchor = anchors.find(({ key }) => byKey.has(key)) ?? anchors[0];
  const segment = anchor && (byKey.get(anchor.key) ?? segments[Math.min(anchor.at, segments.length - 1)]);
  if (segment) scrollBy(0, segment.node.getBoundingClientRect().top - anchor.top);
}

/** The prompt as the search sees it. */
const searchable = {
  *texts() {
    for (const [at, segment] of segments.entries()) {
      for (const [number, part] of segment.parts.entries()) {
        if (part.kind === "text" || part.kind === "tool") yield [at, number, part.text];
      }
    }
  },
  *madePieces() {
    for (const [at, segment] of segments.entries()) {
      for (const [number, made] of segment.pieces.entries()) {
        for (const piece of made ?? []) if (piece.hasChildNodes()) yield [at, number, piece];
      }
    }
  },
  reveal(at, number, offset) {
    make(segments[at].node);
    const piece = segments[at].pieces[number].find((one) => one.from <= offset && offset < one.to);
    if (piece) make(piece);
    select(at, false);
    return piece;
  },
  center(range) {
    range.startContainer.parentElement.closest(".piece").scrollIntoView({ block: "nearest" });
    const { top } = range.getBoundingClientRect();
    scrollBy(0, top - innerHeight / 2);
  },
  firstVisible,
};
