// What stands around a view: the bar on top, the head of a context, the help.

import { el, put } from "./dom.js";
import { copyButton, plainText } from "./copy.js";
import { grouped, short } from "./format.js";
import { findings } from "./diagnostics.js";
import { line } from "./inert.js";
import { bodyText } from "./load.js";
import { editor, editors, place, remember, remembered } from "./place.js";
import { searchBox } from "./search.js";
import { VIEWS, has, toggleSide } from "./side.js";
import { choose, page, trouble, viewNow } from "./state.js";

const THEMES = { "": "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };

const KEYS = [
  ["j / k", "next segment, previous segment"],
  ["o or Enter", "open the source of the segment"],
  ["/", "search the prompt, or all of them; Enter and Shift+Enter step, Esc leaves"],
  ["n / N", "next occurrence, previous occurrence"],
  ["f", "filter the contexts; Enter opens the first, Esc leaves"],
  ["[ / ]", "previous context, next context"],
  ["m", "next model"],
  ["g p, g c, g v, g h", "prompt, cost, compare, history"],
  ["g o, g f", "project, search all prompts"],
  ["g s, g d, g e, g i", "shared prefixes, changes, evaluation, diagnostics"],
  ["g g / G", "top, bottom"],
  ["t", "theme"],
  ["?", "this help"],
];

/** The bar on top. Drawn once, but for what it says of the build. */
export function drawBar(bar) {
  const menu = el("button", { type: "button", class: "quiet menu", "aria-expanded": "false", "aria-controls": "side", on: { click: toggleSide } }, "Contexts");
  const help = el("button", { type: "button", class: "quiet", "aria-label": "Help: keys", on: { click: openHelp } }, "?");
  const theme = el("button", { type: "button", class: "quiet theme", on: { click: turnTheme } });
  put(bar, menu, el("span", { class: "brand" }, "contexture"), el("span", { class: "standing", id: "standing" }), searchBox(), theme, help);
  showTheme(remembered("theme") ?? "");
}

/** What the build stands on, and what is wrong with it. */
export function drawStanding() {
  const source = page.build.contexts[0]?.source;
  const words = source ? `${source.dirty ? "uncommitted on" : "at"} ${source.commit ? short(source.commit) : "no commit"}` : "";
  put(document.getElementById("standing"), words && el("code", {}, words), page.live && el("span", { class: "faint" }, `build ${page.live.seq}, ${grouped(page.live.ms)} ms`));
  const broken = page.build.broken.length;
  const errors = findings().filter((one) => one.severity === "error").length;
  const isOld = page.failure.length > 0 || page.prompts.some((prompt) => prompt.stale);
  const notice = document.getElementById("notice");
  const to = el("a", { href: "#view=diagnostics", on: { click: (event) => (event.preventDefault(), choose({ view: "diagnostics" })) } }, `${grouped(errors)} ${errors === 1 ? "error" : "errors"}`);
  notice.className = trouble || errors || broken ? "notice bad" : "notice";
  if (trouble) put(notice, el("b", {}, "Not current. "), trouble);
  else if (broken || isOld) put(notice, el("b", {}, "Broken"), isOld ? ": the last good build is shown. " : ". ", to);
  else if (errors) put(notice, "Every prompt builds, with ", to);
  else put(notice);
}

/** The head of a context: what it is, its models, its views. */
export function contextHead(here) {
  const { figures, prompt, at, note } = here;
  const tab = ([view, name]) => el("li", {}, el("a", { href: `#view=${view}`, "aria-current": viewNow() === view ? "page" : null, on: { click: (event) => (event.preventDefault(), choose({ view })) } }, name));
  const models = figures.models.map((model, number) => el("option", { value: model.model, selected: number === at }, line(model.model)));
  const pick = el("select", { id: "model", on: { change: () => choose({ model: pick.value }) } }, models);
  return el(
    "header",
    { class: "head" },
    el("h1", {}, line(prompt.name), prompt.stale && el("span", { class: "state broken" }, "last good build")),
    prompt.description && el("p", { class: "description" }, line(prompt.description.replaceAll("\n", " "))),
    el(
      "p",
      { class: "facts" },
      place(prompt.manifest),
      prompt.owner && el("span", {}, line(prompt.owner)),
      el("span", {}, el("b", {}, grouped(prompt.tokens)), " tokens by o200k_base"),
      el("span", { title: figures.prefix }, "prefix ", el("code", {}, short(figures.prefix))),
      el("span", { title: figures.full }, "full ", el("code", {}, short(figures.full))),
      viewNow() === "prompt" && copyButton("Copy prompt", () => plainText(figures.segments.flatMap(({ digest }) => page.texts[digest] ?? []))),
      viewNow() === "prompt" && note && copyBody(here),
    ),
    el("div", { class: "tabs" }, el("nav", { "aria-label": "Views" }, el("ul", {}, Object.entries(VIEWS).filter(([view]) => has(view)).map(tab))), models.length > 0 && el("label", { for: "model" }, "Model ", pick)),
  );
}

/** Copies the request body; where a file does not hold it, the command that prints it. */
function copyBody(here) {
  if (page.live || here.note.body) return copyButton("Copy body", () => bodyText(here));
  return copyButton("Copy command for the body", () => `contexture render ${here.prompt.name} --model ${here.model.model}`);
}

export function turnTheme() {
  const themes = Object.keys(THEMES);
  const next = themes[(themes.indexOf(document.documentElement.dataset.theme ?? "") + 1) % themes.length];
  remember("theme", next);
  showTheme(next);
}

function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  const button = document.querySelector(".theme");
  button.setAttribute("aria-label", THEMES[theme] ?? THEMES[""]);
  button.title = THEMES[theme] ?? THEMES[""];
  put(button, { light: "☀", dark: "☾" }[theme] ?? "◐");
}

export function openHelp() {
  const dialog = document.getElementById("help");
  const pick = el("select", { id: "editor", on: { change: () => (remember("editor", pick.value), choose({})) } }, editors.map(([key, name]) => el("option", { value: key, selected: key === editor() }, name)));
  put(
    dialog,
    el("h2", { id: "help-title" }, "Keys"),
    el("dl", {}, KEYS.map(([keys, what]) => [el("dt", {}, el("kbd", {}, keys)), el("dd", {}, what)])),
    page?.live && el("p", {}, el("label", { for: "editor" }, "Open files in "), pick),
    el("form", { method: "dialog" }, el("button", {}, "Close")),
  );
  dialog.showModal();
}
