import type { CaptureFormat } from '../format.ts'
import { readTitles } from './columns.ts'
import { TsharkJsonReader } from './json.ts'
import { WiresharkTableReader } from './table.ts'
import { TRACE_VALUE } from './untitled.ts'

export const tsharkJson: CaptureFormat = {
  id: 'tshark-json',
  describe: 'tshark -T json or -T ek of NFLOG packets',
  sniff: (head) => /"layers"\s{0,20}:\s{0,20}\{/.test(head) && /"(?:frame|nflog)[._]/.test(head),
  open: (context) => new TsharkJsonReader(context),
}

/** A TRACE prefix as one value among others: quoted, or with a separator behind it. */
const VALUE = new RegExp(`(?:${TRACE_VALUE.source}) ?(?:["']?[\\t,;|/#]|["'] |["']?\\r?\\n)`)

export const wiresharkTable: CaptureFormat = {
  id: 'wireshark-table',
  describe: "Wireshark's CSV or tshark -T fields, with NFLOG's prefix among the columns",
  sniff: (head) => isTable(head) || (VALUE.test(head) && !/[{[]/.test(head.trimStart()[0] ?? '')),
  open: (context) => new WiresharkTableReader(context),
}

function isTable(head: string): boolean {
  const line = head.slice(0, 4096).split(/\r?\n/, 1)[0]!
  return /nflog\.|Prefix/i.test(line) && readTitles(line) !== undefined
}
