/** All that reads what strangers wrote: every sniffer, reader and redactor, from bytes. */
import { CaptureExplainer } from '../../src/analysis/capture.ts'
import { parseFilter } from '../../src/filter/parse.ts'
import { emptyWorld } from '../../src/model/world.ts'
import { FORMATS, HEAD_BYTES, type Recognised } from '../../src/read/recognise.ts'
import { dateInHeader, dateInName } from '../../src/read/saved-at.ts'
import { TarReader } from '../../src/read/tar.ts'
import { readPart, WorldBuilder } from '../../src/read/world.ts'
import { Redactor, redactingStream, redactPath } from '../../src/redact/index.ts'
import { makeTar } from '../read/make-tar.ts'
import type { Fixture } from './fixtures.ts'

export interface Subject {
  name: string
  fixtures: readonly Fixture[]
  run(bytes: Buffer): unknown
  /** It is never given more, in bytes. */
  most?: number
}

type Feed = (bytes: Buffer, push: (piece: Uint8Array) => void) => void

/** How a stream may come. */
const FEEDS: Readonly<Record<string, Feed>> = {
  whole: (bytes, push) => push(bytes),
  pieces(bytes, push) {
    const sizes = [1, 997, 64, 4093, 2, 16_411]
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const size = sizes[i % sizes.length]!
      push(bytes.subarray(at, at + size))
      at += size
    }
  },
  lines(bytes, push) {
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(10, at) + 1 || bytes.length
      push(bytes.subarray(at, end))
      at = end
    }
  },
}

export function subjects(fixtures: ReadonlyMap<string, readonly Fixture[]>): Subject[] {
  const everything = [...fixtures.values()].map(([smallest]) => smallest!)
  const list: Subject[] = FORMATS.map(({ format }) => ({
    name: `sniff ${format.id}`,
    fixtures: fixtures.get(format.id) ?? [],
    run: (bytes) => format.sniff(bytes.toString('latin1')),
    // a block, and the end of the one before it
    most: 4 * HEAD_BYTES,
  }))
  for (const recognised of FORMATS) {
    const { kind, format } = recognised
    const own = fixtures.get(format.id) ?? []
    if (kind !== 'capture')
      list.push({ name: `read ${format.id}`, fixtures: own, run: (bytes) => read(bytes, recognised) })
    for (const [feed, give] of Object.entries(FEEDS)) {
      if (kind === 'capture')
        list.push({
          name: `read ${format.id} (${feed})`,
          fixtures: own,
          run: (bytes) => explain(bytes, recognised, give),
        })
      if (redactingStream(format.id, new Redactor('')))
        list.push({
          name: `redact ${format.id} (${feed})`,
          fixtures: own,
          run: (bytes) => redact(bytes, format.id, give),
        })
    }
  }
  return [
    ...list,
    { name: 'tar', fixtures: [TAR], run: (bytes) => FEEDS.pieces!(bytes, tarPush()) },
    { name: 'filter', fixtures: [FILTER], run: (bytes) => parseFilter(bytes.toString()) },
    { name: 'names and dates', fixtures: everything.slice(0, 3), run: names },
  ]
}

function read(bytes: Buffer, recognised: Exclude<Recognised, { kind: 'capture' }>): unknown {
  const builder = new WorldBuilder()
  const part = readPart('x', new TextDecoder().decode(bytes), recognised)
  builder.addPart(part)
  return [builder, part]
}

function explain(bytes: Buffer, { format }: Extract<Recognised, { kind: 'capture' }>, give: Feed): unknown {
  const told: unknown[] = []
  let explained = 0
  const explainer = new CaptureExplainer(
    format,
    emptyWorld(),
    (...diagnostic) => told.push(diagnostic),
    (closed) => {
      if (explained++ < 20) closed.explain()
    },
  )
  give(bytes, (piece) => explainer.push(piece))
  explainer.end()
  return told
}

function redact(bytes: Buffer, id: string, give: Feed): unknown {
  const stream = redactingStream(id, new Redactor('hostile'))!
  const parts: Uint8Array[] = []
  give(bytes, (piece) => parts.push(stream.push(piece)))
  parts.push(stream.end())
  return parts
}

function tarPush(): (piece: Uint8Array) => void {
  const reader = new TarReader({ file: () => true, data() {}, done() {}, refused() {} })
  return (piece) => reader.push(piece)
}

const TAR: Fixture = {
  name: 'tar',
  text: makeTar([
    { name: 'x', type: 'x', content: '16 path=some/name\n' },
    { name: 'a/b', content: 'c' },
  ]).toString('latin1'),
}

const FILTER: Fixture = {
  name: 'filter',
  text: 'tcp and (src host 192.0.2.1 or dst net 10.0.0.0/8) and not port 80 and portrange 1-9 and in eth0 and syn',
}

function names(bytes: Buffer): void {
  const text = bytes.toString()
  dateInHeader(text)
  dateInName(text)
  redactPath(text, new Redactor('hostile'))
}
