/** Fetched with the first rules or listings of a host: without any there is nothing to repair. */
import { anyRules } from '../../edits/later.ts'
import { listings } from '../../read/host/listings.ts'

const ofRules = anyRules.with(() => import('./repair.ts'))
const ofHost = listings.with(() => import('./repair.ts'))

/** Undefined where neither was read. */
export const repairs = (): typeof import('./repair.ts') | undefined => ofRules.there ?? ofHost.there
