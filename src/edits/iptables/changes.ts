/** What changes iptables' tables, and writes their rules: what ../later.ts fetches. */
export { ruleText } from '../../rules/iptables/rule.ts'
export { editChain } from './chains.ts'
export { chainWords, ruleWords } from './print.ts'
export { editRule } from './rules.ts'
export { undoRule } from './undo.ts'
