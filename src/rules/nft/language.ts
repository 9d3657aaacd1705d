/** All that knows nft's language, text and JSON: what later.ts fetches. */
export { lowerRule } from './lower.ts'
export { statement as canonicalStatement } from './normal.ts'
export { nftRuleset } from './ruleset.ts'
export * from './text/parse.ts'
