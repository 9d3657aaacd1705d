import { Later } from '../../../model/later.ts'
import type { CaptureFormat } from '../format.ts'
import { kernelLog } from '../kernel-log/format.ts'
import { ulogdJson } from '../ulogd/format.ts'
import { readTitles, TRACE_VALUE } from './columns.ts'

export const json = new Later(() => import('./json.ts'))
export const table = new Later(() => import('./table.ts'))

export const tsharkJson: CaptureFormat = {
  id: 'tshark-json',
  describe: 'tshark -T json or -T ek of NFLOG packets',
  sniff: (head) => /"layers"\s{0,20}:\s{0,20}\{/.test(head) && /"(?:frame|nflog)[._]/.test(head),
  load: json.load,
  open: (context) => new json.loaded.TsharkJsonReader(context),
}

/** A TRACE prefix as one value among others: quoted, or with a separator behind it. */
const VALUE = new RegExp(`(?:${TRACE_VALUE.source}) ?(?:["']?[\\t,;|/#]|["'] |["']?\\r?\\n)`)

export const wiresharkTable: CaptureFormat = {
  id: 'wireshark-table',
  describe: "Wireshark's CSV or tshark -T fields, with NFLOG's prefix among the columns",
  sniff: (head) => isTitled(head) || isUntitled(head),
  load: table.load,
  open: (context) => new table.loaded.WiresharkTableReader(context),
}

function isTitled(head: string): boolean {
  const line = head.slice(0, 4096).split(/\r?\n/, 1)[0]!
  return /\bnflog\.(?:prefix|tlv)\b|"(?:TLV )?Prefix/i.test(line) && readTitles(line) !== undefined
}

/** Such a value stands in other captures, too. */
const isUntitled = (head: string): boolean =>
  VALUE.test(head) && ![kernelLog, ulogdJson, tsharkJson].some((other) => other.sniff(head))
