// What a change does: to money and cache in a table, then context by context in words and in text.

import { el, put } from "./dom.js";
import { evaluated } from "./evaluation.js";
import { counted, grouped, short } from "./format.js";
import { line, shown } from "./inert.js";
import { loaded } from "./load.js";
import { page } from "./state.js";
import { table } from "./table.js";
import { meaning } from "./words.js";

const SYMBOLS = {
  added: ["+", "added"],
  removed: ["−", "removed"],
  changed: ["~", "changed"],
  moved: ["^", "moved, the text is the same"],
  renamed: [">", "renamed, the text is the same"],
  broken: ["!", "cannot be built"],
};

/** More rows of the table than this are drawn when they are asked for; sections behind so many are folded. */
const ROWS = 12;
const OPEN = 8;

/** More lines of one text than this are folded at first. */
const FOLD = 400;

/** The revision that the server compares with. */
let base = "HEAD";

/** Draws the comparison of the page, or the one that the server makes with the base of the field. */
export function drawChanges(main) {
  if (page.changes) return put(main, comparison(page.changes), page.evaluation && el("h2", {}, "Evaluation, from recorded answers"), evaluated(Math.max(280, Math.min(main.clientWidth, 1080))));
  // After a new build the old comparison stays until the new one is there.
  const known = main.querySelector(":scope > .compared");
  if (known) return compare(known);
  const body = el("div", { class: "compared" });
  const field = el("input", { id: "base", value: base, size: 24, spellcheck: "false", autocomplete: "off" });
  const ask = (event) => {
    event.preventDefault();
    base = field.value.trim() || "HEAD";
    compare(body);
  };
  put(
    main,
    el("h1", {}, "Changes"),
    el("form", { class: "base", on: { submit: ask } }, el("label", { for: "base" }, "The working tree against"), field, el("button", {}, "Compare")),
    body,
  );
  return compare(body);
}

function compare(body) {
  return loaded(body, `diff.json?base=${encodeURIComponent(base)}`, comparison);
}

function comparison({ sheet }) {
  return [
    el("p", { class: "sides" }, el("span", {}, "base "), phrase(sheet.base), el("span", {}, "head "), phrase(sheet.head)),
    sheet.headline.map((said, number) => el(page.changes && number === 0 ? "h1" : "p", { class: "verdict" }, phrase(said))),
    summary(sheet),
    sheet.findings.map((said) => el("p", {}, phrase(said))),
    sheet.sections.map((section, number) => sectionOf(section, number)),
    sheet.notes.map((note) => el("p", { class: "faint" }, phrase(note))),
    sheet.legend.length > 0 && el("p", { class: "faint symbols" }, sheet.legend.map((symbol) => el("span", {}, sign(symbol), ` ${SYMBOLS[symbol][1]}`))),
  ];
}

/** A row for each model of each row of the report: money first, what many contexts share once. */
function summary({ table: rows }) {
  if (!rows.length) return null;
  const box = el("div");
  const draw = (some) => put(box, summaryTable(some), some !== rows && el("button", { type: "button", class: "quiet more-rows", on: { click: () => draw(rows) } }, `Show all ${grouped(rows.length - 1)} rows`));
  // The last row sums up all of them.
  draw(rows.length > ROWS + 2 ? [...rows.slice(0, ROWS), rows.at(-1)] : rows);
  return box;
}

function summaryTable(rows) {
  const cells = rows.flatMap(({ symbol, name, tokens, models }) =>
    (models.length ? models : [{ name: [], cache: "", month: [] }]).map((model, at) => [
      at ? "" : [symbol && [sign(symbol), " "], phrase(name)],
      at ? "" : tokens,
      phrase(model.name),
      model.cache,
      phrase(model.month),
    ]),
  );
  const columns = [
    { head: "Prompt" },
    { head: "Tokens", number: true },
    { head: "Model", name: "model-name" },
    { head: "Cache kept", number: true, name: "cache", hint: meaning("kept") },
    { head: "Month", number: true, name: "month" },
  ];
  return table("What the change comes to", columns, cells, { class: "figures stacked" });
}

/** The contexts of a comparison that is the whole page, for the side: names to look for, and how each is drawn. */
export function changedEntries() {
  const to = (number) => (event) => {
    event.preventDefault();
    document.getElementById(`change-${number}`).scrollIntoView({ block: "start" });
  };
  return page.changes.sheet.sections.map(({ symbol, title }, number) => ({
    name: title.map((ink) => Object.values(ink)[0]).join(""),
    draw: () => el("li", {}, el("a", { href: `#change-${number}`, on: { click: to(number) } }, sign(symbol), el("span", { class: "name" }, phrase(title)))),
  }));
}

function sectionOf({ symbol, title, items, texts }, number) {
  const held = texts.filter((text) => text.hunks.length || text.left_out);
  return el(
    "section",
    { class: `change ${symbol}`, "aria-labelledby": `change-${number}` },
    el("h2", { id: `change-${number}` }, sign(symbol), " ", phrase(title)),
    held.length > 0 && el("details", { open: number < OPEN }, el("summary", {}, `What the model sees: ${counted(held.length, "segment")}`), held.map((text) => textChange(text, title))),
    items.length > 0 && el("ul", { class: "items" }, nested(items)),
  );
}

/** Lines with those that belong to them. One that begins with a name is a model's. */
function nested(items) {
  const groups = [];
  for (const item of items) {
    if (item.depth && groups.length) groups.at(-1).below.push(item);
    else groups.push({ item, below: [] });
  }
  const words = ({ symbol, phrase: said }) => [symbol && [sign(symbol), " "], phrase(said)];
  return groups.map(({ item, below }) =>
    el("li", { class: item.phrase[0]?.name !== undefined && below.length ? "model" : null }, words(item), below.length > 0 && el("ul", {}, below.map((one) => el("li", {}, words(one))))),
  );
}

function textChange({ kind, segment, origin, label, hunks, left_out: leftOut }, title) {
  const name = `Text of ${line(segment)}, ${line(title.map((ink) => Object.values(ink)[0]).join(""))}`;
  const rows = hunks.flatMap(({ skipped, lines }) => [
    skipped > 0 && el("div", { class: "gap" }, `${counted(skipped, "unchanged line")} hidden`),
    ...lines.map((row) => diffLine(row, kind)),
  ]);
  const more = rows.length > FOLD && el("button", { type: "button", class: "quiet", on: { click: () => (more.before(...rows.slice(FOLD).filter(Boolean)), more.remove()) } }, `Show ${counted(rows.length - FOLD, "more line")}`);
  return el(
    "figure",
    { class: "diff" },
    el("figcaption", {}, sign(kind), " ", el("code", {}, line(segment)), el("code", { class: "faint" }, line(origin)), label && el("span", { class: "faint" }, label)),
    el("div", { class: "rows", tabindex: "0", role: "region", "aria-label": name }, rows.slice(0, FOLD), more, leftOut > 0 && el("div", { class: "gap" }, `${counted(leftOut, "more changed line")}`)),
  );
}

function diffLine({ sign: side, words }, kind) {
  const [character, spoken] = { same: [" ", ""], old: ["−", "removed: "], new: ["+", "added: "] }[side];
  return el(
    "div",
    { class: `row ${side}` },
    el("span", { class: "side-sign", "aria-hidden": "true" }, character),
    spoken && el("span", { class: "spoken" }, spoken),
    el("span", { class: "words" }, words.map(([differs, text]) => (differs && kind === "changed" && side !== "same" ? el(side === "old" ? "del" : "ins", {}, shown(text)) : shown(text)))),
  );
}

function sign(symbol) {
  return el("span", { class: `symbol ${symbol}`, role: "img", "aria-label": SYMBOLS[symbol][1] }, SYMBOLS[symbol][0]);
}

function phrase(inks) {
  return inks.map((ink) => {
    const [[kind, text]] = Object.entries(ink);
    if (kind === "name") return el("code", {}, line(text));
    if (kind === "word") return el("span", {}, explained(text));
    return el("b", { class: kind }, shown(text));
  });
}

/** A text whose words of the glossary say what they mean when they are pointed at. */
function explained(text) {
  const pieces = text.split(/\b(re-warm|kept|prefix|cold|warm|expected|month)\b/);
  return pieces.map((piece, at) => (at % 2 ? el("abbr", { title: meaning(piece) }, piece) : shown(piece)));
}

/** A commit's first digits. */
export function commit(id) {
  return el("code", { title: id }, short(id));
}
