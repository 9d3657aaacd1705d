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
  nftNetlink,
  nflogPcap,
  ulogdJson,
  tsharkJson,
  wiresharkTable,
]
