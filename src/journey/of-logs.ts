/** All that a journey asks of LOG and NFLOG lines: one module, so that it is fetched at once. */
export { addStop } from './behind-log.ts'
export { LogRules } from './log-candidates.ts'
export { logs } from './log-lines.ts'
export { verdictBehindLog } from './log-rules.ts'
export { loggedBy, onlyLogger } from './loggers.ts'
