import { andNft } from '../../../edits/later.ts'
import { Later } from '../../../model/later.ts'
import type { CaptureFormat } from '../format.ts'

const reader = new Later(() => import('./reader.ts'))

const LINE =
  /\bPACKET: \d{1,2} [0-9a-f]{8} (?:IN|OUT|NFPROTO|SRC|LOOPBACK|NH|MACSRC|LL)\b|\bTRACE: \d{1,2} [0-9a-f]{8} [^\s:]{1,200}:\S{1,200}?:(?:rule|return|policy):/

export const xtablesMonitor: CaptureFormat = {
  id: 'xtables-monitor',
  describe: 'xtables-monitor --trace',
  sniff: (head) => LINE.test(head),
  traceIds: true,
  load: andNft(reader.load),
  open: (context) => new reader.loaded.XtablesMonitorReader(context),
}
