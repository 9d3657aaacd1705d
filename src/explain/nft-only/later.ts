/** What only rules or traces of nft's ask for. */
import { nftText } from '../../rules/nft/text/later.ts'

export const nftOnly = nftText.with(() => import('./nft-only.ts'))
