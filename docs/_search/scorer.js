// Order of search results: names of the API and titles first, then text. Among equal
// ones, pages of the guide come before the API, and lists and history come last.
const RANKS = [
  [/^(guide\/|families|generated_rows|tables|inputs|sequences|transfer|scaling|deployment|ways_of_learning)/, 4],
  [/^api\//, 3],
  [/^(api|auto_examples\/index|auto_examples\/\w+\/index|user_guide)$/, -3],
  [/^(benchmarks\/|changelog|architecture|adding_a_|releasing)/, -20],
];

var Scorer = {
  score: ([docname, , , , score]) =>
    score + (RANKS.find(([pages]) => pages.test(docname)) ?? [null, 0])[1],

  // An object whose name is, or contains, the query.
  objNameMatch: 60,
  objPartialMatch: 15,
  objPrio: { 0: 20, 1: 5, 2: -5 },
  objPrioDefault: 0,

  // The query in a title, in a part of one, and in the text.
  title: 50,
  partialTitle: 20,
  term: 5,
  partialTerm: 2,
};
