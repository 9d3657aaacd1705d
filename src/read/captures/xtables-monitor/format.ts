import type { CaptureFormat } from '../format.ts'
import { XtablesMonitorReader } from './reader.ts'

const LINE =
  /\bPACKET: \d{1,2} [0-9a-f]{8} (?:IN|OUT|NFPROTO|SRC|LOOPBACK|NH|MACSRC|LL)\b|\bTRACE: \d{1,2} [0-9a-f]{8} [^\s:]{1,200}:\S{1,200}?:(?:rule|return|policy):/

export const xtablesMonitor: CaptureFormat = {
  id: 'xtables-monitor',
  describe: 'xtables-monitor --trace',
  sniff: (head) => LINE.test(head),
  traceIds: true,
  open: (context) => new XtablesMonitorReader(context),
}
