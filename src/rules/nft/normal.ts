/**
 * One form for what can be said in several ways, so that nft's text and its JSON of one ruleset give the same model:
 * the form that `nft -j list ruleset` prints, whatever nft it is.
 */
export { statement } from './canonical/statements.ts'
