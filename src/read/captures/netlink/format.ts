import { Later } from '../../../model/later.ts'
import { andNftText } from '../../../rules/nft/text/later.ts'
import type { CaptureFormat } from '../format.ts'
import { linkTypeOf } from '../pcap/head.ts'
import { NETLINK } from '../pcap/link-types.ts'

const reader = new Later(() => import('./reader.ts'))

export const nftNetlink: CaptureFormat = {
  id: 'nft-netlink',
  describe: "pcap or pcapng of link type NETLINK with events of nft's tracing",
  sniff: (head) => linkTypeOf(head) === NETLINK,
  traceIds: true,
  load: andNftText(reader.load),
  open: (context) => new reader.loaded.NftNetlinkReader(context),
}
