/**
 * The reader of nft's language, which is fetched with the first ruleset or trace in that language: whoever has nft tables in
 * hand has it.
 */
import { Later } from '../../../model/later.ts'

export const nftText = new Later(() => import('./parse.ts'))
