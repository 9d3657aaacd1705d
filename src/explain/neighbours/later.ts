import { neighbourList } from '../../read/host/neighbours-json.ts'

/** What tells of silent neighbours: fetched with the list of them. */
export const neighbourWords = neighbourList.with(() => import('./silent.ts'))
