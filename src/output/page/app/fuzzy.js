// Names that are found by some of their letters.

/** Those of `entries` whose `key`, in small letters, holds the letters of `query` in their order: the best first, else as they stood. */
export function ranked(query, entries) {
  const letters = [...query.toLowerCase().replace(/\s+/g, "")];
  const found = [];
  for (const entry of entries) {
    const far = distance(letters, entry.key);
    if (far !== null) found.push([far, entry]);
  }
  return found.sort(([one], [other]) => one - other).map(([, entry]) => entry);
}

/** How far `name` is from `letters`: 0 where they are how a part of it begins; null where they are not in it. */
function distance(letters, name) {
  let least = null;
  for (let start = letters.length ? name.indexOf(letters[0]) : -1; start >= 0; start = name.indexOf(letters[0], start + 1)) {
    let [at, far] = [start - 1, 0];
    for (const letter of letters) {
      const next = name.indexOf(letter, at + 1);
      if (next < 0) return least;
      // A letter that begins a word may be far off; one inside of a word should follow on the one before.
      if (next > at + 1 || next === start) far += /[a-z0-9]/.test(name[next - 1] ?? "") ? 10 + next - at : 1;
      at = next;
    }
    // The last part of a name says the most, and of two the shorter one is nearer.
    far += (name.lastIndexOf("/") >= start ? 0.5 : 0) + name.length / 1000;
    if (least === null || far < least) least = far;
  }
  return least;
}
