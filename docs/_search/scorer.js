// Order of search results: names of the API and titles first, text last.
const BEHIND = ["benchmarks/", "changelog", "architecture", "adding_a_", "releasing"];

var Scorer = {
  score: (result) => {
    const [docname, , , , score] = result;
    return BEHIND.some((start) => docname.startsWith(start)) ? score - 20 : score;
  },

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
