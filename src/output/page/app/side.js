// The contexts at the side: in folders that fold, or those whose names are asked for.

import { el, put } from "./dom.js";
import { brief, grouped } from "./format.js";
import { changedEntries } from "./changes.js";
import { findings } from "./diagnostics.js";
import { ranked } from "./fuzzy.js";
import { line } from "./inert.js";
import { choose, chosen, current, nameOf, page, viewNow } from "./state.js";

/** The views of one context, and those of the project. */
export const VIEWS = { prompt: "Prompt", cost: "Cost", compare: "Compare", history: "History" };
export const PROJECT = { project: "Project", find: "Search all prompts", sharing: "Shared prefixes", changes: "Changes", evaluation: "Evaluation", diagnostics: "Diagnostics" };

/** Folders of more contexts than this are folded at first. */
const FEW = 40;
/** More rows than this of one list are drawn when they are asked for. */
const MOST_ROWS = 40;

/** Whether there is anything to show in a view. */
export function has(view) {
  if (view === "changes") return page.live !== null || page.changes !== null;
  if (view === "evaluation") return page.evaluation !== null && !page.changes;
  if (view === "compare") return page.prompts.length > 1 || page.build.contexts.some(({ models }) => models.length > 1);
  if (view === "history") return page.live !== null || page.history !== null;
  if (view === "diagnostics") return !page.changes && !page.history;
  if (view === "project") return page.prompts.length + page.build.broken.length > 1;
  return page.prompts.length > 0;
}

/** What the reader folded or unfolded: whether the folder of this path is open. */
const turned = new Map();
let parts = null;
/** The tree of the contexts of this page: `{page, root, entries}`. */
let known = {};
let lastShown = null;

/** Draws the side, or what has changed of it. */
export function drawSide(side) {
  // A comparison or a history that is a page of its own has no contexts to choose from.
  document.body.classList.toggle("alone", page.history !== null);
  document.querySelector("search").hidden = !page.prompts.length;
  if (!parts) parts = made(side, page.changes ? "Filter changes" : "Filter contexts");
  if (known.page !== page) known = { page, ...(page.changes ? { root: null, entries: changedEntries() } : treeOf()) };
  for (const entry of known.entries) entry.key ??= entry.name.toLowerCase();
  put(parts.links, Object.entries(PROJECT).filter(([view]) => has(view)).map(([view, name]) => link(view, null, el("span", {}, name), view === "diagnostics" ? count(findings().length) : null)));
  parts.filter.hidden = known.entries.length < 2;
  drawList();
}

/** Puts the cursor into the filter. */
export function filterContexts() {
  if (!parts || parts.filter.hidden) return;
  toggleSide(true);
  parts.field.focus();
  parts.field.select();
}

/** What of the side stays from one drawing to the next. */
function made(side, label) {
  const field = el("input", { id: "filter", type: "search", placeholder: label, "aria-label": label, autocomplete: "off", spellcheck: "false", on: { input: drawList, keydown: press } });
  const number = el("output", { for: "filter", class: "size" });
  const all = { side, links: el("ul"), field, number, filter: el("div", { class: "filter" }, field, number, el("kbd", { "aria-hidden": "true" }, "f")), list: el("div") };
  put(side, all.links, all.filter, all.list);
  return all;
}

function press(event) {
  if (event.key === "Enter") parts.list.querySelector("a")?.click();
  else if (event.key !== "Escape") return;
  event.preventDefault();
  parts.field.value = "";
  parts.field.blur();
  drawList();
}

function drawList() {
  const { field, number, list } = parts;
  const query = field.value.trim();
  const found = query ? ranked(query, known.entries) : null;
  const isInside = list.contains(document.activeElement);
  put(number, found ? `${grouped(found.length)} of ${grouped(known.entries.length)}` : "");
  if (found) put(list, rows("ul", found.map((entry) => () => listed(entry))));
  else if (known.root) put(list, known.entries.length > 0 && contentsOf(known.root));
  else put(list, el("h2", {}, "Contexts that differ"), rows("ul", known.entries.map((entry) => () => listed(entry))));
  const chosenRow = list.querySelector("[aria-current]");
  if (isInside) chosenRow?.focus({ preventScroll: true });
  if (chosenRow && lastShown !== contextHere()) {
    // The side alone scrolls, and not the page with it.
    const [frame, { top, bottom }] = [parts.side.getBoundingClientRect(), chosenRow.getBoundingClientRect()];
    if (top < frame.top || bottom > frame.bottom) parts.side.scrollTop += top - frame.top - frame.height / 2;
  }
  lastShown = contextHere();
}

/** The name of the context that is looked at; empty where the project is. */
function contextHere() {
  return VIEWS[viewNow()] ? (current()?.prompt.name ?? "") : chosen.context;
}

/** A list of what these makers make: the first ones at once, the others when they are asked for. */
function rows(kind, makers) {
  const list = el(kind, {}, makers.slice(0, MOST_ROWS).map((make) => make()));
  if (makers.length <= MOST_ROWS) return list;
  const rest = makers.slice(MOST_ROWS);
  const more = el("button", { type: "button", class: "quiet", on: { click: () => more.parentElement.replaceWith(...rest.map((make) => make())) } }, `${grouped(rest.length)} more`);
  list.append(el("li", {}, more));
  return list;
}

function treeOf() {
  const builtNames = new Set(page.prompts.map((prompt) => prompt.name));
  const entries = page.prompts.map(({ name }, at) => ({ name, at, variant: page.build.contexts[at].variant, state: stateOf(at) }));
  for (const one of page.build.broken) {
    if (!builtNames.has(nameOf(one))) entries.push({ name: nameOf(one), at: null, variant: one.variant, state: "broken" });
  }
  const root = folder("");
  for (const entry of entries) {
    let inside = root;
    for (const part of entry.name.split("@")[0].split("/").slice(0, -1)) {
      if (!inside.folders.has(part)) inside.folders.set(part, folder(`${inside.path}${part}/`));
      inside = inside.folders.get(part);
      inside.count += 1;
      if (entry.state) inside.states[entry.state] = (inside.states[entry.state] ?? 0) + 1;
    }
    inside.entries.push(entry);
  }
  return { root, entries };
}

function folder(path) {
  return { path, folders: new Map(), entries: [], count: 0, states: {} };
}

function stateOf(at) {
  if (page.prompts[at].stale) return "broken";
  return page.build.contexts[at].budgets.some((budget) => budget.status === "fail") ? "over" : null;
}

/** What a folder holds; of a folder that is folded, nothing is drawn. */
function contentsOf({ path, folders, entries }) {
  const folded = [...folders.entries()].map(([name, inside]) => () => {
    let [label, one] = [name, inside];
    while (!one.entries.length && one.folders.size === 1) [[label, one]] = [...one.folders].map(([below, only]) => [`${label}/${below}`, only]);
    return foldable(label, one);
  });
  return rows("ul", [...folded, ...entries.map((entry) => () => row(entry, entry.name.slice(path.length)))]);
}

function foldable(label, inside) {
  let open = turned.get(inside.path) ?? (known.entries.length <= FEW || contextHere().startsWith(inside.path));
  const details = el("details", { open }, el("summary", {}, el("span", { class: "name" }, line(label)), Object.entries(inside.states).map(([state, number]) => badge(state, `${number} ${state}`)), el("span", { class: "size", title: `${grouped(inside.count)} contexts` }, brief(inside.count))), open && contentsOf(inside));
  details.addEventListener("toggle", () => {
    if (details.open === open) return;
    open = details.open;
    turned.set(inside.path, open);
    if (open && !details.querySelector("ul")) details.append(contentsOf(inside));
  });
  return el("li", {}, details);
}

/** The row of an entry by its whole name, made once for each view. */
function listed(entry) {
  const here = `${viewNow()} ${contextHere() === entry.name}`;
  if (entry.here !== here) Object.assign(entry, { here, node: entry.draw ? entry.draw() : row(entry, entry.name) });
  return entry.node;
}

function row({ name, at, variant, state }, label) {
  const words = el("span", { class: `name${variant ? " variant" : ""}`, title: line(name) }, line(variant && label !== name ? `@${variant}` : label));
  if (at === null) return el("li", { class: "gone" }, words, badge("broken", "broken"));
  const { tokens } = page.prompts[at];
  const view = VIEWS[viewNow()] ? viewNow() : "prompt";
  return link(view, name, words, state && badge(state, state), el("span", { class: "size", title: `${grouped(tokens)} tokens by o200k_base` }, brief(tokens)));
}

function badge(state, words) {
  return el("span", { class: `state ${state}`, title: { broken: "broken", over: "over budget" }[state] }, words);
}

function link(view, context, ...inside) {
  const isHere = viewNow() === view && (context === null || contextHere() === context);
  const address = new URLSearchParams(context === null ? { view } : { view, context });
  const go = (event) => {
    event.preventDefault();
    choose(context === null ? { view } : { view, context });
    toggleSide(false);
    scrollTo(0, 0);
  };
  return el("li", {}, el("a", { href: `#${address}`, "aria-current": isHere ? "page" : null, on: { click: go } }, inside));
}

function count(number) {
  return number ? el("span", { class: "size" }, grouped(number)) : null;
}

export function toggleSide(open) {
  const button = document.querySelector(".menu");
  const isOpen = typeof open === "boolean" ? open : button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(isOpen));
  document.getElementById("side").classList.toggle("open", isOpen);
}
