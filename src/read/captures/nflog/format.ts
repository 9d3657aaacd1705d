import { Later } from '../../../model/later.ts'
import type { CaptureFormat } from '../format.ts'
import { isCaptureFile, linkTypeOf } from '../pcap/head.ts'
import { NETLINK } from '../pcap/link-types.ts'

export const reader = new Later(() => import('./reader.ts'))

export const nflogPcap: CaptureFormat = {
  id: 'nflog-pcap',
  describe: 'pcap or pcapng of link type NFLOG (tcpdump -i nflog)',
  // of other link types as well: it says what these lack
  sniff: (head) => isCaptureFile(head) && linkTypeOf(head) !== NETLINK,
  load: reader.load,
  open: (context) => new reader.loaded.NflogReader(context),
}
