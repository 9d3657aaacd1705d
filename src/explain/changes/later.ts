/** What words fixes, which is fetched with what knows the language of their rules. */
import { iptablesEdits } from '../../edits/later.ts'
import { nftText } from '../../rules/nft/text/later.ts'

export const iptablesProposals = iptablesEdits.with(() => import('./iptables.ts'))
export const nftProposals = nftText.with(() => import('./nft.ts'))
