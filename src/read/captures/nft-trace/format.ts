import { andNft } from '../../../edits/later.ts'
import { Later } from '../../../model/later.ts'
import type { CaptureFormat } from '../format.ts'

const reader = new Later(() => import('./reader.ts'))

const LINE =
  /\btrace id [0-9a-f]{1,8} (?:ip6?|inet|arp|bridge|netdev) \S{1,200} \S{1,200} (?:packet: |rule |unknown rule handle \d|policy |verdict |conntrack: )/

export const nftTrace: CaptureFormat = {
  id: 'nft-trace',
  describe: 'nft monitor trace',
  sniff: (head) => LINE.test(head),
  traceIds: true,
  load: andNft(reader.load),
  open: (context) => new reader.loaded.NftTraceReader(context),
}
