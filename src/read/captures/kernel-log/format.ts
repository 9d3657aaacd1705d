import { Later } from '../../../model/later.ts'
import type { CaptureFormat } from '../format.ts'

export const reader = new Later(() => import('./reader.ts'))

/**
 * A TRACE line with the packet behind it (in NFLOG's records the prefix stands alone), perhaps broken there, or with the
 * rule's text, as nftrace prints it; or a LOG line with the fields that every version prints. Names have bounds, and generous ones: a file
 * of `IN=IN=IN=…` must not be searched again and again.
 */
const RECORD =
  /TRACE: [^\s:]{1,64}:\S{1,200}?:(?:rule|return|policy):\d+\s{0,80}(?:IN?\b|PHYSIN|"-)|(?<!PACKET: \d{1,2} [0-9a-f]{8} )IN=\S{0,40} ?(?:PHYSIN=\S{0,40} )?OUT=.{0,400}\b(?:SRC|MAC|MACSRC|LEN|PROTO)=/

export const kernelLog: CaptureFormat = {
  id: 'kernel-log',
  describe: 'kernel log (dmesg, syslog, journalctl) with TRACE or LOG lines',
  sniff: (head) => RECORD.test(head),
  load: reader.load,
  open: (context) => reader.loaded.openKernelLog(context),
}
