/** What `diff` prints of two listings: rules that are there, and rules that are not, side by side. It is no listing. */

const UNIFIED = /^[ \t]{0,8}@@ -\d{1,8}(?:,\d{1,8})? \+\d{1,8}(?:,\d{1,8})? @@/m
const HUNK = /^[ \t]{0,8}\d{1,8}(?:,\d{1,8})?[acd]\d{1,8}(?:,\d{1,8})?[ \t\r]*$/m
const CHANGED = /^[ \t]{0,8}[<>] /m

export const looksLikeDiff = (text: string): boolean =>
  UNIFIED.test(text) || (HUNK.test(text) && (CHANGED.test(text) || /^---\r?$/m.test(text)))
