import type { CaptureFormat } from './format.ts'
import { kernelLog } from './kernel-log/format.ts'
import { nftNetlink } from './netlink/format.ts'
import { nflogPcap } from './nflog/format.ts'
import { nftTrace } from './nft-trace/format.ts'
import { ulogdJson } from './ulogd/format.ts'
import { tsharkJson, wiresharkTable } from './wireshark/format.ts'
import { xtablesMonitor } from './xtables-monitor/format.ts'

/** Every capture format: one line each. */
export const CAPTURE_FORMATS: readonly CaptureFormat[] = [
  kernelLog,
  nftTrace,
  xtablesMonitor,
  // before the other captures of packets, which takes those of any link type to say what they lack
  nftNetlink,
  nflogPcap,
  ulogdJson,
  tsharkJson,
  wiresharkTable,
]
