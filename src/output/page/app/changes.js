// What a change does: to money and cache in a table, then context by context in words and in text.

import { el, put } from "./dom.js";
import { amount, counted, grouped, money, percent, short } from "./format.js";
import { line, shown } from "./inert.js";
import { loaded } from "./load.js";
import { page } from "./state.js";
import { meter, table } from "./table.js";

const SYMBOLS = {
  added: ["+", "added"],
  removed: ["−", "removed"],
  changed: ["~", "changed"],
  moved: ["^", "moved, the text is the same"],
  renamed: [">", "renamed, the text is the same"],
  broken: ["!", "cannot be built"],
};

/** More lines of one text than this are folded at first. */
const FOLD = 400;

/** The revision that the server compares with. */
let base = "HEAD";

/** Draws the comparison of the page, or the one that the server makes with the base of the field. */
export function drawChanges(main) {
  if (page.changes) return put(main, comparison(page.changes));
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

function comparison({ report, sheet }) {
  return [
    el("p", { class: "sides" }, el("span", {}, "base "), phrase(sheet.base), el("span", {}, "head "), phrase(sheet.head)),
    el(page.changes ? "h1" : "p", { class: "verdict" }, phrase(sheet.verdict)),
    summary(report),
    sheet.sections.map((section, number) => sectionOf(section, number)),
    sheet.notes.map((note) => el("p", { class: "faint" }, phrase(note))),
    sheet.legend.length > 0 && el("p", { class: "faint symbols" }, sheet.legend.map((symbol) => el("span", {}, sign(symbol), ` ${SYMBOLS[symbol][1]}`))),
  ];
}

/** A row for each context and model that is on both sides: what the cache keeps, what the rest costs. */
function summary(report) {
  const rows = report.contexts.flatMap((context) =>
    context.models
      .filter((model) => model.cached.base !== null && model.cached.head !== null)
      .map((model) => [
        line(context.variant ? `${context.id}@${context.variant}` : context.id),
        line(model.model),
        difference(model.total, grouped),
        meter(model.cached.base ? model.eligible / model.cached.base : 0, model.cached.base ? `${grouped(model.eligible)} of ${grouped(model.cached.base)}` : "nothing was cached", model.eligible < Math.min(model.cached.base, model.cached.head) ? "fail" : "pass"),
        amount(model.rewarm),
        difference(model.warm, money),
        difference(model.month, money),
      ]),
  );
  if (!rows.length) return null;
  const columns = [
    { head: "Context" },
    { head: "Model" },
    { head: "Input tokens", number: true },
    { head: "Still served by the cache", hint: "tokens of the new prompt that the cache can still serve after the merge" },
    { head: "Re-warm once", number: true, hint: "the first call after the merge less a warm one" },
    { head: "Warm call", number: true },
    { head: "Month", number: true },
  ];
  return table("What the change comes to", columns, rows, { class: "figures" });
}

function difference({ base, head }, format) {
  if (base === null || head === null) return "?";
  const more = Number(head) - Number(base);
  if (more === 0) return el("span", { class: "faint" }, `${format(head)}, same`);
  return [format(head), el("small", { class: more > 0 ? "more" : "less" }, `${more > 0 ? "+" : "−"}${format(Math.abs(more))}, ${more > 0 ? "+" : "−"}${percent(Math.abs(more), Number(base))}`)];
}

/** The contexts of a comparison that is the whole page, for the side. */
export function changesSide() {
  const to = (number) => (event) => {
    event.preventDefault();
    document.getElementById(`change-${number}`).scrollIntoView({ block: "start" });
  };
  return page.changes.sheet.sections.map(({ symbol, title }, number) => el("li", {}, el("a", { href: `#change-${number}`, on: { click: to(number) } }, sign(symbol), el("span", { class: "name" }, phrase(title)))));
}

function sectionOf({ symbol, title, items, texts }, number) {
  const held = texts.filter((text) => text.hunks.length || text.left_out);
  return el(
    "section",
    { class: `change ${symbol}`, "aria-labelledby": `change-${number}` },
    el("h2", { id: `change-${number}` }, sign(symbol), " ", phrase(title)),
    el("ul", { class: "items" }, nested(items)),
    held.length > 0 && el("details", { open: true }, el("summary", {}, `What the model sees: ${counted(held.length, "segment")}`), held.map(textChange)),
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

function textChange({ kind, segment, origin, label, hunks, left_out: leftOut }) {
  const rows = hunks.flatMap(({ skipped, lines }) => [
    skipped > 0 && el("div", { class: "gap" }, `${counted(skipped, "unchanged line")} hidden`),
    ...lines.map((row) => diffLine(row, kind)),
  ]);
  const more = rows.length > FOLD && el("button", { type: "button", class: "quiet", on: { click: () => (more.before(...rows.slice(FOLD).filter(Boolean)), more.remove()) } }, `Show ${counted(rows.length - FOLD, "more line")}`);
  return el(
    "figure",
    { class: "diff" },
    el("figcaption", {}, sign(kind), " ", el("code", {}, line(segment)), el("code", { class: "faint" }, line(origin)), label && el("span", { class: "faint" }, label)),
    el("div", { class: "rows", tabindex: "0", role: "region", "aria-label": `Text of ${line(segment)}` }, rows.slice(0, FOLD), more, leftOut > 0 && el("div", { class: "gap" }, `${counted(leftOut, "more changed line")}`)),
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
    if (kind === "word") return el("span", {}, shown(text));
    return el("b", { class: kind }, shown(text));
  });
}

/** A commit's first digits. */
export function commit(id) {
  return el("code", { title: id }, short(id));
}
