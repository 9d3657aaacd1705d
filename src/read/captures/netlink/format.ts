import type { CaptureFormat } from '../format.ts'
import { linkTypeOf } from '../pcap/head.ts'
import { NETLINK } from '../pcap/link-types.ts'
import { NftNetlinkReader } from './reader.ts'

export const nftNetlink: CaptureFormat = {
  id: 'nft-netlink',
  describe: "pcap or pcapng of link type NETLINK with events of nft's tracing",
  sniff: (head) => linkTypeOf(head) === NETLINK,
  traceIds: true,
  open: (context) => new NftNetlinkReader(context),
}
