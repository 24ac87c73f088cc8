// Tables with numbers that line up. On a narrow screen they scroll inside of their own box.

import { el } from "./dom.js";
import { meaning } from "./words.js";

/** `columns`: `{head, number?, hint?, name?}`; `rows`: cells in the order of the columns, or `{cells, ...attributes}`.
 *  The first cell of a row is its heading, if it says anything. */
export function table(caption, columns, rows, attributes = {}) {
  return el(
    "div",
    { class: "scroller", tabindex: "0", role: "region", "aria-label": caption },
    el(
      "table",
      attributes,
      el("caption", {}, caption),
      el("thead", {}, el("tr", {}, columns.map(({ head, number, hint }) => el("th", { scope: "col", class: number && "number", title: hint ?? meaning(head) }, head)))),
      el("tbody", {}, rows.map((row) => {
        const { cells, ...rest } = Array.isArray(row) ? { cells: row } : row;
        return el("tr", rest, cells.map((cell, at) => (at || cell === "" ? el("td", { class: [columns[at].number && "number", columns[at].name].filter(Boolean).join(" ") || null }, cell) : el("th", { scope: "row" }, cell))));
      })),
    ),
  );
}

/** A share as a bar with its words beside it. */
export function meter(share, words, kind = "") {
  return el(
    "span",
    { class: `meter ${kind}` },
    el("span", { class: "track", "aria-hidden": "true" }, el("span", { class: "fill", size: { width: `${Math.max(0, Math.min(100, 100 * share))}%` } })),
    el("span", { class: "words" }, words),
  );
}
