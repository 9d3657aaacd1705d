/** Files redacted: in pieces of any size the same, and a secret that was put into them is gone. */
import { recognise } from '../../src/read/recognise.ts'
import { Redactor, redactingStream } from '../../src/redact/index.ts'
import { Broken } from './broken.ts'
import type { Case } from './case.ts'
import { difference } from './explaining.ts'

/** Addresses that no fixture has, as text alone shows them. */
const SECRETS: readonly string[] = ['45.67.89.123', '2a02:4567:89ab:cdef:1234:5678:9abc:def1', '52:54:9e:4d:3c:7b']
/** Nothing stands beside it with which it would be another word. */
const SHOWN = new RegExp(`(?<![\\w.:/-])(?:${SECRETS.map((one) => one.replaceAll('.', '\\.')).join('|')})(?![\\w.:-])`)
/** These hold no addresses: numbers of counters, names of modules and programs. */
const WITHOUT: readonly string[] = ['conntrack-stats', 'nfnetlink-queue', 'modules', 'versions']

export async function redactFile({ files: [file], options }: Case): Promise<void> {
  const before = recognise(file!.text.slice(0, 65_536))?.format.id
  const text = before && !WITHOUT.includes(before) ? planted(file!.text, options.number) : file!.text
  const format = recognise(text.slice(0, 65_536))?.format.id
  if (format === undefined) return
  const redactor = new Redactor('fuzz')
  const bytes = Buffer.from(text, 'latin1')
  const run = (size: number): string | undefined => {
    const stream = redactingStream(format, redactor)
    if (!stream) return undefined
    const parts: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += size) parts.push(stream.push(bytes.subarray(at, at + size)))
    return Buffer.concat([...parts, stream.end()]).toString('latin1')
  }
  // a host that is named late is known the second time
  run(bytes.length)
  const whole = run(bytes.length)
  if (whole === undefined) return
  const cut = run(1 + (options.number % 701))!
  if (cut !== whole) throw new Broken(`redacted pieces of ${format}`, difference(whole, cut))
  if (WITHOUT.includes(format)) return
  const left = SHOWN.exec(whole)
  if (left)
    throw new Broken(
      `secret left in ${format}`,
      JSON.stringify(whole.slice(Math.max(0, left.index - 100), left.index + 80)),
    )
}

/** In the place of an address, as often as that stands there, or by itself where a word begins. Binary files stay. */
function planted(text: string, number: number): string {
  if (text.slice(0, 4096).includes('\0')) return text
  const secret = SECRETS[number % SECRETS.length]!
  const places = [...text.matchAll(ADDRESSES[number % SECRETS.length]!)]
  if (places.length > 0 && number % 4 !== 0) {
    const place = places[(number >>> 3) % places.length]!
    return text.slice(0, place.index) + secret + text.slice(place.index + place[0].length)
  }
  const blanks = [...text.matchAll(/ /g)]
  if (blanks.length === 0) return text
  const { index } = blanks[(number >>> 3) % blanks.length]!
  return `${text.slice(0, index)} ${secret} ${text.slice(index + 1)}`
}

/** Of the same kind as each of the secrets. */
const ADDRESSES: readonly RegExp[] = [
  /(?<![\w.:/-])(?:\d{1,3}\.){3}\d{1,3}(?![\w.:-])/g,
  /(?<![\w.:/-])[\da-f]{1,4}:[\da-f:]*:[\da-f]{1,4}(?![\w.:-])/g,
  /(?<![\w.:/-])(?:[\da-f]{2}:){5}[\da-f]{2}(?![\w.:-])/g,
]
