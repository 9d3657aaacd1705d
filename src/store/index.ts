/** What commands load of the store once one is used. */

export { DropHistory } from './drop-history.ts'
export { countsText, rowsOf } from './nats/counts.ts'
export { loadStore, openReader, openStore, parseStoreUrl } from './open.ts'
export { behindBar, overTime, storedExplanation } from './over-time.ts'
export { QUERIES, readQuery } from './queries.ts'
export { Recorder } from './recorder.ts'
export { Writing } from './writing.ts'
