// What the page shows (the value) and how (the choices). Choices stand in the address, so that a view
// can be linked to and a reload or a new build changes nothing.

const listeners = new Set();
const defaults = { view: "", context: "", model: "", calls: "", words: "", other: "", rival: "" };

/** The value, as docs/page.md has it; null until it is there. */
export let page = null;

/** What is wrong with the connection to the server, in words; null while nothing is. */
export let trouble = null;

export const chosen = { ...defaults, ...fromAddress() };

/** Takes a new value; what is chosen stays. */
export function setPage(value) {
  page = value;
  trouble = null;
  tell("page");
}

export function setTrouble(words) {
  trouble = words;
  tell("trouble");
}

/** Changes choices and tells who listens. */
export function choose(changes) {
  const moves = ["view", "context"].some((key) => key in changes && changes[key] !== chosen[key]);
  Object.assign(chosen, changes);
  const address = new URLSearchParams(Object.entries(chosen).filter(([key, value]) => value && value !== defaults[key]));
  // A file opened from a disk has an address too, but some browsers guard its history.
  try {
    history[moves ? "pushState" : "replaceState"](null, "", `#${address}`);
  } catch {
    location.hash = address;
  }
  tell("choice");
}

/** Calls `listener` with `page`, `choice` or `trouble` after each change. */
export function listen(listener) {
  listeners.add(listener);
}

/** The view on the screen: the chosen one; else the project, or the prompt where there is one or one is chosen. */
export function viewNow(value = page) {
  if (value.changes || value.history) return value.changes ? "changes" : "history";
  return chosen.view || (chosen.context || value.prompts.length + value.build.broken.length < 2 ? "prompt" : "project");
}

/** The indexes of the contexts that a page has to know in full for the view: a served one leaves out what is large, until
 *  it is looked at. */
export function missing(value = page) {
  const view = viewNow(value);
  const shown = { prompt: 1, cost: 1, history: 1, compare: 2 }[view] ?? 0;
  const wanted = [contextIndex(value), otherIndex(value)].slice(0, shown);
  return value.live ? wanted.filter((at) => at >= 0 && !value.prompts[at].isWhole) : [];
}

/** A context as people write it. */
export function nameOf({ id, variant }) {
  return variant ? `${id}@${variant}` : id;
}

/** The index of the chosen context; the first one if that is gone; -1 without any. */
export function contextIndex(value = page) {
  const found = value.prompts.findIndex((prompt) => prompt.name === chosen.context);
  return found < 0 && value.prompts.length ? 0 : found;
}

/** The index of the context to compare with: the chosen one; else a variant of the same one, the next one, or itself. */
export function otherIndex(value = page) {
  const index = contextIndex(value);
  const found = value.prompts.findIndex((prompt) => prompt.name === chosen.other);
  if (found >= 0 || index < 0) return found;
  const { id } = value.build.contexts[index];
  const variant = value.build.contexts.findIndex((other, at) => other.id === id && at !== index);
  return variant >= 0 ? variant : (index + 1) % value.prompts.length;
}

/** The chosen context: its figures, its notes, and the model that figures are shown for. */
export function current() {
  return withModel(contextIndex(), chosen.model);
}

/** What it is compared with; another model where that is the same context. */
export function opposite() {
  const [here, index] = [current(), otherIndex()];
  const rival = chosen.rival || (index === here.index ? here.figures.models[(here.at + 1) % here.figures.models.length]?.model : here.model?.model);
  return withModel(index, rival);
}

function withModel(index, name) {
  if (index < 0) return null;
  const [figures, prompt] = [page.build.contexts[index], page.prompts[index]];
  const found = figures.models.findIndex((model) => model.model === name);
  const at = found < 0 ? 0 : found;
  return { index, figures, prompt, at, model: figures.models[at] ?? null, note: prompt.models[at] ?? null };
}

function tell(what) {
  for (const listener of listeners) listener(what);
}

function fromAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(Object.keys(defaults).filter((key) => given.has(key)).map((key) => [key, given.get(key)]));
}

addEventListener("popstate", () => {
  Object.assign(chosen, defaults, fromAddress());
  tell("choice");
});
