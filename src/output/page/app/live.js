// The page that is served: the value is fetched, and fetched again after every build.

import { setPage, setTrouble } from "./state.js";

let asked = 0;

/** Gets the value, and listens for builds. The browser connects again by itself. */
export function listenToServer() {
  const events = new EventSource("events");
  events.addEventListener("open", get);
  events.addEventListener("build", get);
  events.addEventListener("error", () => setTrouble("The server does not answer; is `contexture watch` still running?"));
  get();
}

async function get() {
  const number = (asked += 1);
  try {
    const answer = await fetch("page.json", { cache: "no-store" });
    if (!answer.ok) throw new Error(`the server says ${answer.status}`);
    const value = await answer.json();
    // A later question may have been answered before.
    if (number === asked) setPage(value);
  } catch (error) {
    if (number === asked) setTrouble(`The build could not be fetched: ${error.message}.`);
  }
}
