/** The columns of a table without titles, as far as a line shows them by itself. */
import { parseAddress } from '../../../model/address.ts'
import { type Columns, splitLine, TRACE_VALUE } from './columns.ts'

const EPOCH = /^\d{9,10}\.\d{6,9}$/

/** Undefined where no column is a TRACE prefix. */
export function guessColumns(line: string): Columns | undefined {
  const trace = TRACE_VALUE.exec(line)
  if (!trace) return undefined
  const quote = line[trace.index - 1] === '"' ? '"' : line[trace.index - 1] === "'" ? "'" : ''
  const before = line[trace.index - 1 - quote.length]
  // behind the prefix a blank, and the quote
  const after = /^ ?["']?(.)/.exec(line.slice(trace.index + trace[0].length))?.[1]
  const separator = before ?? after
  if (separator === undefined) return undefined
  const ends = ['ip.src', 'ip.dst']
  const fields = splitLine(line, separator, quote || '"').map((value) => {
    if (TRACE_VALUE.test(value)) return 'nflog.prefix'
    if (EPOCH.test(value)) return 'frame.time_epoch'
    return value.length < 48 && parseAddress(value) ? ends.shift() : undefined
  })
  return { separator, quote: quote || '"', fields }
}
