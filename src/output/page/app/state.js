// What the page shows (the value) and how (the choices). Choices stand in the address, so that a view
// can be linked to and a reload or a new build changes nothing.

const listeners = new Set();
const defaults = { view: "", context: "", model: "", calls: "", words: "" };

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

/** Whether the page has all that the view shows: a served one leaves out what is large, until it is looked at. */
export function isWhole(value = page) {
  const prompt = value.prompts[contextIndex(value)];
  return !value.live || !prompt || prompt.isWhole || !["prompt", "cost"].includes(viewNow(value));
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

/** The chosen context: its figures, its notes, and the model that figures are shown for. */
export function current() {
  const index = contextIndex();
  if (index < 0) return null;
  const [figures, prompt] = [page.build.contexts[index], page.prompts[index]];
  const found = figures.models.findIndex((model) => model.model === chosen.model);
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
