// What the words of the page mean: docs/glossary.md, whose table is joined in here as GLOSSARY.

/** What a word means; null where the glossary has none. */
export function meaning(word) {
  return GLOSSARY[word.toLowerCase()] ?? null;
}
