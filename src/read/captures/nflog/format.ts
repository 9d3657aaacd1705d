import type { CaptureFormat } from '../format.ts'
import { isCaptureFile } from '../pcap/head.ts'
import { NflogReader } from './reader.ts'

export const nflogPcap: CaptureFormat = {
  id: 'nflog-pcap',
  describe: 'pcap or pcapng of link type NFLOG (tcpdump -i nflog)',
  sniff: isCaptureFile,
  open: (context) => new NflogReader(context),
}
