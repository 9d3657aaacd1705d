/** What puts journeys together by trace ids, which is fetched with the first capture that has them: those of nft's trace. */
import { nftText } from '../rules/nft/text/later.ts'

export const traced = nftText.with(() => import('./assemble-traced.ts'))
