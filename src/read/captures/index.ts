import { iptablesEdits } from '../../edits/later.ts'
import type { CaptureFormat } from './format.ts'
import { kernelLog } from './kernel-log/format.ts'
import { nftNetlink } from './netlink/format.ts'
import { nflogPcap } from './nflog/format.ts'
import { nftTrace } from './nft-trace/format.ts'
import { ulogdJson } from './ulogd/format.ts'
import { tsharkJson, wiresharkTable } from './wireshark/format.ts'
import { xtablesMonitor } from './xtables-monitor/format.ts'

/** With the language in which rules are changed that nothing but the trace tells of. */
const withIptables = ({ load, ...format }: CaptureFormat): CaptureFormat => ({
  ...format,
  load: async () => {
    await Promise.all([load?.(), iptablesEdits.load()])
  },
})

/** Every capture format: one line each. */
const EACH: readonly CaptureFormat[] = [
  kernelLog,
  nftTrace,
  xtablesMonitor,
  nftNetlink,
  nflogPcap,
  ulogdJson,
  tsharkJson,
  wiresharkTable,
]

export const CAPTURE_FORMATS: readonly CaptureFormat[] = EACH.map(withIptables)
