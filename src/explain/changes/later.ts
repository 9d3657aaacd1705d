/** What words fixes in nft's language, which is fetched with the first ruleset or trace in that language. */
import { nftText } from '../../rules/nft/text/later.ts'

export const nftProposals = nftText.with(() => import('./nft.ts'))
