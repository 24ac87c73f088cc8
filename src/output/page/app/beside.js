// Two contexts, variants or models side by side: figures in a table, then what the model sees of each.

import { el, put } from "./dom.js";
import { about, amount, counted, difference, grouped, money, moved, percent } from "./format.js";
import { line, shown } from "./inert.js";
import { later } from "./text.js";
import { choose, current, nameOf, opposite, page } from "./state.js";
import { table } from "./table.js";
import { meaning } from "./words.js";

/** More pairs of segments than this are not looked at to find those that both sides have in one order. */
const MOST_PAIRS = 4_000_000;
/** Lines of one text that are shown until the others are asked for. */
const SHOWN = 200;

/** Draws the chosen context and model beside another one. */
export function drawBeside(main, one) {
  const other = opposite();
  const sides = [one, other];
  const isAlone = page.prompts.length < 2 && one.figures.models.length < 2;
  put(
    main,
    besideForm(other),
    isAlone ? el("p", { class: "empty" }, "There is one context with one model, so there is nothing to compare it with.") : [figuresOf(sides), el("h2", {}, "What the model sees"), el("div", { class: "beside" }, aligned(one.figures.segments, other.figures.segments).map((run) => stretch(run, sides)))],
  );
}

/** What to compare with. */
function besideForm(other) {
  const name = el("input", { id: "other", list: "contexts", value: other.prompt.name, size: 36, spellcheck: "false", autocomplete: "off", on: { change: () => choose({ other: name.value.trim(), rival: "" }) } });
  const names = el("datalist", { id: "contexts" }, page.prompts.map((prompt) => el("option", { value: prompt.name })));
  const models = other.figures.models.map(({ model }, at) => el("option", { value: model, selected: at === other.at }, line(model)));
  const model = el("select", { id: "rival", on: { change: () => choose({ other: other.prompt.name, rival: model.value }) } }, models);
  const ask = (event) => {
    event.preventDefault();
    choose({ other: name.value.trim(), rival: "" });
  };
  return el("form", { class: "base", on: { submit: ask } }, el("label", { for: "other" }, "Beside"), name, names, models.length > 0 && [el("label", { for: "rival" }, "Model"), model]);
}

function figuresOf(sides) {
  const [one, other] = sides;
  const isPair = Boolean(one.model && other.model);
  const of = (draw) => sides.map(({ model, note, prompt, figures }) => (model ? draw(model, note, prompt, figures) : "no model"));
  const near = isPair ? about([one, other].some(({ model }) => model.tokens.basis === "estimated") ? "estimated" : "") : "";
  const counts = (word, count) => [word, ...of((model, ...rest) => about(model.tokens.basis) + grouped(count(model, ...rest))), isPair && moved(...[one, other].map((side) => count(side.model, side.note, side.prompt)), near)];
  const dollars = (name) => [name[0].toUpperCase() + name.slice(1), ...of(({ cost, tokens }) => amount(cost[name], about(tokens.basis))), isPair && dearer(one.model.cost[name], other.model.cost[name], near)];
  const rows = [
    counts("Tokens", ({ tokens }) => tokens.total),
    counts("Prefix", (model, note, prompt) => sum(note, prompt.prefix_segments)),
    ["Kept", ...sides.map((side) => (isPair ? keptOf(side, sides) : "no model")), ""],
    ["Cached", ...of(({ cost, tokens }) => percent(cost.read, tokens.total) + (cost.promised ? "" : " ?")), ""],
    ...["uncached", "cold", "warm", "expected", "month"].map(dollars),
    ["Breakpoints", ...of(({ breakpoints }) => breakpoints.map(({ after, ttl }) => `${line(after)} ${ttl}`).join(", ") || "none"), ""],
    ["Window", ...of(({ window, tokens }) => ((window.total ?? window.input) ? `${percent(tokens.total, window.total ?? window.input)} of ${grouped(window.total ?? window.input)}` : "?")), ""],
    ["Over a budget", ...of((model, note, prompt, { budgets }) => budgets.filter((budget) => budget.status === "fail" && budget.model === model.model).map(({ name }) => line(name)).join(", ") || "none"), ""],
  ].map(([word, ...cells]) => [el("span", { title: meaning(word) }, word), ...cells]);
  const heads = sides.map(({ figures, model }) => ({ head: `${line(nameOf(figures))}${model ? `, ${line(model.model)}` : ""}`, number: true }));
  return table("Figures side by side", [{ head: "Figure" }, ...heads, { head: "Difference", number: true, hint: "from the first to the second" }], rows, { class: "figures versus" });
}

/** The tokens of the first segments. */
function sum(note, segments) {
  return note.tokens.slice(0, segments).reduce((all, tokens) => all + tokens, 0);
}

/** How much more the second costs. */
function dearer(from, to, near) {
  const more = difference(from, to);
  if (more === null) return "?";
  return more === "0" ? "the same" : el("data", { value: more, title: `$${more}`, class: "amount" }, moved(Number(from), Number(to), near, money(more.replace("-", ""))));
}

/** What of this side's prefix the cache of the other one can serve: what begins alike, and both cache. */
function keptOf({ model, note, prompt }, [one, other]) {
  if (one.model.model !== other.model.model) return "nothing: another model";
  const [mine, theirs] = [one, other].map(({ figures }) => figures.segments);
  const end = Math.min(one.prompt.prefix_segments, other.prompt.prefix_segments);
  const first = mine.slice(0, end).findIndex((segment, at) => segment.digest !== theirs[at].digest);
  const kept = Math.min(sum(note, first < 0 ? end : first), one.model.cost.read, other.model.cost.read);
  return `${about(model.tokens.basis)}${grouped(kept)}, ${percent(kept, sum(note, prompt.prefix_segments))}`;
}

/** Two lists of segments as runs: `{alike}` of those that both have in one order, `{one, other}` of what lies between. */
function aligned(one, other) {
  const [runs, pairs] = [[], common(one, other)];
  let [at, to] = [0, 0];
  for (const [mine, theirs] of [...pairs, [one.length, other.length]]) {
    if (mine > at || theirs > to) runs.push({ one: one.slice(at, mine), other: other.slice(to, theirs) });
    if (mine === one.length) break;
    if (runs.at(-1)?.alike) runs.at(-1).alike.push(one[mine]);
    else runs.push({ alike: [one[mine]] });
    [at, to] = [mine + 1, theirs + 1];
  }
  return runs;
}

/** The places of the longest sequence of segments that both lists hold. */
function common(one, other) {
  const [pairs, same] = [[], (at, to) => one[at].digest === other[to].digest];
  let start = 0;
  while (start < one.length && start < other.length && same(start, start)) pairs.push([start, start++]);
  const [rows, columns] = [one.length - start, other.length - start];
  if (!rows || !columns || rows * columns > MOST_PAIRS) return pairs;
  const width = columns + 1;
  const lengths = new Uint32Array((rows + 1) * width);
  for (let at = rows - 1; at >= 0; at -= 1) {
    for (let to = columns - 1; to >= 0; to -= 1) {
      const here = at * width + to;
      lengths[here] = same(start + at, start + to) ? lengths[here + width + 1] + 1 : Math.max(lengths[here + width], lengths[here + 1]);
    }
  }
  for (let [at, to] = [0, 0]; at < rows && to < columns; ) {
    if (same(start + at, start + to)) pairs.push([start + at++, start + to++]);
    else if (lengths[(at + 1) * width + to] >= lengths[at * width + to + 1]) at += 1;
    else to += 1;
  }
  return pairs;
}

function stretch({ alike, one, other }, [here]) {
  if (alike) {
    const names = alike.length > 1 ? [alike[0], " to ", alike.at(-1)] : alike;
    const tokens = alike.reduce((sum, segment) => sum + segment.tokens.o200k_base, 0);
    return el("p", { class: "gap" }, `${counted(alike.length, "segment")} alike, ${grouped(tokens)} tokens: `, names.map((name) => (name.id ? el("code", {}, line(name.id)) : name)));
  }
  return el("div", { class: "pair" }, column(one, other, "old"), column(other, one, "new"));
}

/** The segments of one side; marked are the lines that the other side does not hold here. */
function column(segments, others, kind) {
  const known = new Set(others.flatMap((segment) => textOf(segment).split("\n")));
  if (!segments.length) return el("div", { class: "faint" }, "nothing here");
  return el("div", {}, segments.map((segment) => besideText(segment, known, kind)));
}

function besideText(segment, known, kind) {
  const lines = textOf(segment).split("\n");
  const row = (words) => {
    const isMarked = !known.has(words);
    return el("div", { class: `row ${isMarked ? kind : "same"}` }, el("span", { class: "side-sign" }, isMarked && (kind === "old" ? "−" : "+")), el("span", { class: "words" }, shown(words)));
  };
  const more = lines.length > SHOWN && el("button", { type: "button", class: "quiet", on: { click: () => (more.before(...lines.slice(SHOWN).map(row)), more.remove()) } }, `Show ${counted(lines.length - SHOWN, "more line")}`);
  const box = el("figure", { class: "diff" }, el("figcaption", {}, el("code", {}, line(segment.id)), el("span", { class: "faint" }, `${grouped(segment.tokens.o200k_base)} tokens`)));
  return later(box, 60 + 21 * Math.min(lines.length, SHOWN), () => box.append(el("div", { class: "rows", tabindex: "0", role: "region", "aria-label": `Text of ${line(segment.id)}` }, lines.slice(0, SHOWN).map(row), more || [])));
}

function textOf({ digest }) {
  return (page.texts[digest] ?? []).map(({ kind, text }) => (kind === "input" || kind === "history" ? `{{${text}}}` : text)).join("\n").replace(/\n+$/, "");
}
