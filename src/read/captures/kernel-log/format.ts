import type { CaptureFormat } from '../format.ts'
import { KernelLogReader } from './reader.ts'

/** A TRACE line, or a LOG line with the fields that every version prints. */
const RECORD =
  /TRACE: [^\s:]+:\S+?:(?:rule|return|policy):\d+|IN=\S* ?(?:PHYSIN=\S* )?OUT=\S*.{0,300}\b(?:SRC|MAC|MACSRC|LEN|PROTO)=/

export const kernelLog: CaptureFormat = {
  id: 'kernel-log',
  describe: 'kernel log (dmesg, syslog, journalctl) with TRACE or LOG lines',
  sniff: (head) => RECORD.test(head),
  open: (context) => new KernelLogReader(context),
}
