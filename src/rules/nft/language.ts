/** All that knows nft's language, text and JSON, and writes it: what later.ts fetches. */
export { lowerRule } from './lower.ts'
export { statement as canonicalStatement } from './normal.ts'
export { printCommand } from './print/ruleset.ts'
export { ruleText, statementText } from './rule-text.ts'
export { nftRuleset } from './ruleset.ts'
export * from './text/parse.ts'
