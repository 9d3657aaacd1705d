/** Documents that nfwhy itself has printed, among the files. */

/** Which of nfwhy's own documents it is; what `trace --save` writes is read, and is none of these. */
export const ownDocument = (head: string): string | undefined =>
  JOURNEY_LINE.test(head)
    ? 'nfwhy.explanation/1'
    : /^\s*\{\s*"schema":\s*"(nfwhy\.(?!session\/|drop\/)[a-z-]+\/\d+)"/.exec(head)?.[1]

/** As `--ndjson` begins, which has no place for a schema; it may have no journey. */
const JOURNEY_LINE = /^\{"(?:id":"\d+","family":"[a-z0-9]+","packet":\{|summary":\{"inputs":\[)/

/** One sentence without its end, to stand behind the file's name. */
export const ownDocumentWords = (schema: string): string =>
  `this is nfwhy's own output (${schema}), not an input; it was skipped`
