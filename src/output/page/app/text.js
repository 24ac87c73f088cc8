// Long text in pieces that are made when they come near the screen. A shell stands in for each, as
// high as the piece is expected to be, so that the scroll bar tells the truth from the start.

import { el } from "./dom.js";
import { shown } from "./inert.js";

/** Characters of one piece, about. */
const PIECE = 12_000;
/** How far outside of the screen pieces are made, in pixels. */
const AHEAD = "1200px";

const makers = new WeakMap();
const watcher = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) if (entry.isIntersecting) make(entry.target);
  },
  { rootMargin: `${AHEAD} 0px` },
);

/** Has `maker` fill `shell` when it comes near the screen. */
export function later(shell, height, maker) {
  shell.style.setProperty("contain-intrinsic-block-size", `auto ${Math.round(height)}px`);
  // A browser may lay it out before it is told to fill it, and would take it for empty.
  shell.style.setProperty("min-block-size", `${Math.round(height)}px`);
  makers.set(shell, maker);
  watcher.observe(shell);
  return shell;
}

/** Fills a shell now, if nothing did so yet. */
export function make(shell) {
  const maker = makers.get(shell);
  if (!maker) return;
  makers.delete(shell);
  watcher.unobserve(shell);
  shell.style.removeProperty("min-block-size");
  maker(shell);
}

/** A text as pieces, each a shell that knows its stretch of it: `piece.from` and `piece.to`. `made` is
 *  called with each piece that gets its text. */
export function pieces(text, columns, lineHeight, made) {
  return stretches(text).map(([from, to]) => {
    const piece = el("div", { class: "piece" });
    piece.from = from;
    piece.to = to;
    return later(piece, lines(text, from, to, columns) * lineHeight, () => {
      piece.append(...shown(text.slice(from, to)));
      made(piece);
    });
  });
}

/** How many lines of so many columns a stretch of text takes. */
export function lines(text, from, to, columns) {
  let count = 0;
  for (let start = from; start < to; ) {
    const end = text.indexOf("\n", start);
    const stop = end < 0 || end >= to ? to : end;
    count += Math.max(1, Math.ceil((stop - start) / columns));
    start = stop + 1;
  }
  return Math.max(1, count);
}

/** The range of a stretch of the text, inside of a piece that has its text. */
export function rangeIn(piece, from, to) {
  const range = document.createRange();
  let at = piece.from;
  for (const node of piece.childNodes) {
    // An escape stands for one character, which may be two units long.
    const units = node.nodeType === Node.TEXT_NODE ? node.length : Number.parseInt(node.textContent.slice(3), 16) > 0xffff ? 2 : 1;
    const inside = (offset) => (node.nodeType === Node.TEXT_NODE ? [node, offset - at] : [piece, [...piece.childNodes].indexOf(node)]);
    if (from >= at && from < at + units) range.setStart(...inside(from));
    if (to > at && to <= at + units) {
      if (node.nodeType === Node.TEXT_NODE) range.setEnd(node, to - at);
      else range.setEndAfter(node);
      return range;
    }
    at += units;
  }
  return null;
}

/** Stretches of about the same size that end with a line, if lines are short enough for that. */
function stretches(text) {
  const found = [];
  let from = 0;
  while (from < text.length) {
    let to = Math.min(text.length, from + PIECE);
    if (to < text.length) {
      const line = text.lastIndexOf("\n", to - 1);
      if (line >= from) to = line + 1;
      else if (text.charCodeAt(to - 1) >> 10 === 0x36) to -= 1;
    }
    found.push([from, to]);
    from = to;
  }
  return found.length ? found : [[0, 0]];
}
