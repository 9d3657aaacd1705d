import type { CaptureFormat } from '../format.ts'
import { NflogReader } from './reader.ts'

/** pcap's magic numbers in both byte orders, and a section header of pcapng with its own. */
const BEGINNING =
  /^(?:\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4|\x4d\x3c\xb2\xa1|\xa1\xb2\x3c\x4d|\x34\xcd\xb2\xa1|\xa1\xb2\xcd\x34|\n\r\r\n.{4}(?:\x4d\x3c\x2b\x1a|\x1a\x2b\x3c\x4d))/s

export const nflogPcap: CaptureFormat = {
  id: 'nflog-pcap',
  describe: 'pcap or pcapng of link type NFLOG (tcpdump -i nflog)',
  sniff: (head) => BEGINNING.test(head),
  open: (context) => new NflogReader(context),
}
