// The page that is served: the value is fetched, and fetched again after every build; what is large of a prompt, when it
// is looked at.

import { fetchedJson } from "./load.js";
import { listen, missing, page, setPage, setTrouble } from "./state.js";

let asked = 0;

/** Gets the value, and listens for builds and choices. The browser connects again by itself. */
export function listenToServer() {
  const events = new EventSource("events");
  events.addEventListener("open", () => get());
  events.addEventListener("build", () => get());
  events.addEventListener("error", () => setTrouble("The server does not answer; is `contexture watch` still running?"));
  listen((what) => what === "choice" && page && missing().length && get(page));
  get();
}

/** Shows the newest value, or the one that is `known` by now, with all that the view needs. */
async function get(known = null) {
  const number = (asked += 1);
  try {
    const value = known ?? (await fetchedJson("page.json"));
    let isCurrent = true;
    for (const at of missing(value)) isCurrent &&= await complete(value, at);
    // A later question may have been answered before.
    if (number !== asked) return;
    if (isCurrent) setPage(value);
    else get();
  } catch (error) {
    if (number === asked) setTrouble(`The build could not be fetched: ${error.message}.`);
  }
}

/** Adds to a value what it leaves out of a prompt; says no where the server has a newer build by now. */
async function complete(value, at) {
  const { seq, texts, figures, prompt } = await fetchedJson(`prompt.json?number=${at}`);
  if (seq !== value.live.seq) return false;
  Object.assign(value.texts, texts);
  Object.assign(value.build.contexts[at], { segments: figures.segments, models: figures.models });
  Object.assign(value.prompts[at], { segments: prompt.segments, models: prompt.models, isWhole: true });
  return true;
}
