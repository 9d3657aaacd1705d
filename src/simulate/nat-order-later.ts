/** Only tables in nft's own language have chains of other types at NAT's priority. */
import { nftText } from '../rules/nft/text/later.ts'

export const natOrder = nftText.with(() => import('./nat-order.ts'))
