/** What reads captures in which LOG and NFLOG lines stand: what only such lines need is fetched with it. */
import { reader as kernelLog } from './kernel-log/format.ts'
import { reader as nflog } from './nflog/format.ts'
import { reader as ulogd } from './ulogd/format.ts'
import { json, table } from './wireshark/format.ts'

/** Undefined where no such capture was read. */
export function withLogs<Module>(fetch: () => Promise<Module>): () => Module | undefined {
  const each = [kernelLog, nflog, ulogd, json, table].map((reader) => reader.with(fetch))
  return () => each.find(({ there }) => there)?.there
}
