/**
 * What reads nft's language, and what writes it, which is fetched with the first ruleset or trace in that language: whoever
 * has nft tables in hand has both. What a page loads first imports neither (`normal.ts`, `rule-text.ts`, `print/`), but asks
 * for them here.
 */
import { Later } from '../../../model/later.ts'

export const nftText = new Later(() => import('../language.ts'))
