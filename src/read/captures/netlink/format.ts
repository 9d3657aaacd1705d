import { andNft } from '../../../edits/later.ts'
import { Later } from '../../../model/later.ts'
import type { CaptureFormat } from '../format.ts'
import { linkTypeOf } from '../pcap/head.ts'
import { NETLINK } from '../pcap/link-types.ts'

const reader = new Later(() => import('./reader.ts'))

export const nftNetlink: CaptureFormat = {
  id: 'nft-netlink',
  describe: "pcap or pcapng of link type NETLINK with events of nft's tracing",
  sniff: (head) => linkTypeOf(head) === NETLINK,
  traceIds: true,
  load: andNft(reader.load),
  open: (context) => new reader.loaded.NftNetlinkReader(context),
}
