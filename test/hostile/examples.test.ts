/** Attacks that were found, each of which ended or stopped the program once. */
// @module-tag slow
import { describe, expect, test, vi } from 'vitest'
import { warningLines } from '../../src/analysis/warning-lines.ts'
import { parseFilter } from '../../src/filter/parse.ts'
import type { Diagnostic } from '../../src/model/diagnostic.ts'
import { makeHistory } from '../../src/read/history.ts'
import { FORMATS, formatById, type Recognised } from '../../src/read/recognise.ts'
import { TarReader } from '../../src/read/tar.ts'
import { readPart } from '../../src/read/world.ts'
import { Redactor, redactingStream } from '../../src/redact/index.ts'
import { ROOT } from '../docs/sources.ts'
import { makeTar } from '../read/make-tar.ts'
import { fixturesByFormat } from './fixtures.ts'
import { judge } from './judge.ts'

type Text = Exclude<Recognised, { kind: 'capture' }>

const texts = FORMATS.filter((one): one is Text => one.kind !== 'capture')
const fixtures = fixturesByFormat(ROOT)
const KB = 1024

// each is measured again and again, and machines are busy
vi.setConfig({ testTimeout: 600_000 })

/** Of a file that is read as the command reads it. */
function told(text: string, format: Text): { warnings: Diagnostic[]; damage: number } {
  const warnings: Diagnostic[] = []
  const part = readPart('x', text, format)
  makeHistory([{ part, names: [] }], warnings)
  return { warnings, damage: part.damage }
}

const total = (warnings: readonly Diagnostic[]) => warnings.reduce((sum, { count = 1 }) => sum + count, 0)

const redact = (id: string, text: string): string => {
  const stream = redactingStream(id, new Redactor('x'))!
  return Buffer.concat([stream.push(Buffer.from(text, 'latin1')), stream.end()]).toString('latin1')
}

/** `before`, the unit again and again, `after`. */
const linear = (run: (text: string) => unknown, before: string, unit: string, after: string, most: number) =>
  judge(
    (bytes) => run(bytes.toString('latin1')),
    (size) => Buffer.from(before + unit.repeat(size / unit.length) + after, 'latin1'),
    most,
  ).problem

describe('recognising', () => {
  test.each(['\n', '\r', '\n\t', '\n\r\r\n', 'if\n', 'sudo\n'])('%j again and again', (unit) => {
    for (const { format } of FORMATS)
      expect([format.id, linear((text) => format.sniff(text), '', unit, 'x', 32 * KB)]).toEqual([format.id, undefined])
  })
})

describe('200,000 bad lines', () => {
  // a shell's words are commands; each of nft's is looked at by its parser
  const formats = texts.filter(({ format: { id } }) => id !== 'shell-script' && id !== 'nft')
  test.each(formats.map(({ format: { id } }) => id))('%s: the first are told, and all are counted', (id) => {
    const format = formatById(id) as Text
    const [fixture] = fixtures.get(id)!
    const { warnings, damage } = told(`${fixture!.text}\n${'? ! ?\n'.repeat(200_000)}`, format)
    expect(total(warnings)).toBe(damage)
    expect(warnings.length).toBeLessThan(500)
  })
})

test('warnings of an error: the first of a kind, and a count of all others', () => {
  const warnings = Array.from({ length: 300_000 }, (_, i) => ({ input: 'log', code: 'cut', message: 'm', line: i + 1 }))
  const lines = warningLines([...warnings, { input: 'log', code: 'cut', message: 'more', count: 50 }])
  expect([lines[0], lines.at(-1), lines.length]).toEqual(['log:1: m.', 'log: 300040 more of this kind (cut).', 11])
})

describe('nested without end', () => {
  const deep = (open: string, close: string) => open.repeat(100_000) + close.repeat(100_000)
  const values = { lists: deep('[', ']'), objects: `${'{"inner":'.repeat(100_000)}1${'}'.repeat(100_000)}` }
  const formats = ['ip-addr-json', 'ip-route-json', 'ip-rule-json', 'ip-neigh-json', 'nft-json', 'kernel-drops']
  const around = (id: string, value: string): string[] =>
    id === 'kernel-drops'
      ? [
          `{"schema":"nfwhy.drop/1","time":"2026-11-20T06:03:22.0Z","reason":"NO_SOCKET","packet":${value}}\n`,
          `{"schema":"nfwhy.drop/1","packet":${value},"reason":${value}}\n`,
        ]
      : id === 'nft-json'
        ? [`{"nftables":[{"rule":${value}}]}`, `{"nftables":[{"rule":{"expr":[${value}]}}]}`]
        : [
            `[{"priority":1,"dst":${value},"src":${value},"type":${value},"ifname":${value}}]`,
            `[{"priority":0,"table":"main","src":"all","x":${value}}]`,
          ]

  test.each(formats)('%s', (id) => {
    for (const value of Object.values(values))
      for (const text of around(id, value)) {
        expect(() => told(text, formatById(id) as Text)).not.toThrow()
        expect(() => redact(id, text)).not.toThrow()
      }
  })
})

describe('reading', () => {
  test.each<[id: string, before: string, unit: string, after: string, most: number]>([
    ['conntrack', 'tcp 6 1 src=10.0.0.1 dst=10.0.0.2 src=10.0.0.2 dst=10.0.0.1 ', '[start=', '', 64 * KB],
    ['conntrack-stats', 'cpu=0 found=', '1', '!', 64 * KB],
    ['modules', 'nf_nat 1 1', ' ', '!', 64 * KB],
    ['versions', 'iptables v1', 'p', ': x', 64 * KB],
    ['ss', 'tcp LISTEN 0 1 ', ':', '', 16 * KB],
    ['ss', 'tcp LISTEN 0 1 *:1 *:* ', 'users:(("', '', 128 * KB],
    ['ipset-xml', '<ipsets>\n<ipset name="a">\n<type>hash:ip</type>\n<members>\n<member>', '<comment>"', '', 256 * KB],
    ['ipset-save', 'create a hash:ip\nadd ', 'a ', '', 128 * KB],
    ['ip-addr', '1: lo: <UP> mtu 1\n', '    inet 10.0.0.1/8 scope host lo\n', '', 2048 * KB],
    ['ip-route', 'default\n', '\tnexthop via 10.0.0.1 dev a weight 1\n', '', 2048 * KB],
    ['iptables-save', `*filter\n${'-A INPUT -j DROP\n'.repeat(3000)}`, ':x - [0:0]\n-X x\n', 'COMMIT\n', 64 * KB],
  ])('%s: %j, %j again and again', (id, before, unit, after, most) => {
    expect(linear((text) => told(text, formatById(id) as Text), before, unit, after, most)).toBeUndefined()
  })

  test('many sets and tables', () => {
    const nft = formatById('nft-json') as Text
    const list = (count: number, make: (i: number) => string) =>
      Buffer.from(`{"nftables":[${Array.from({ length: count }, (_, i) => make(i)).join(',')}]}`)
    const table = (i: number) => `{"table":{"family":"ip","name":"t${i}"}}`
    const verdict = judge(
      (bytes) => told(bytes.toString(), nft),
      (size) => list(size / 32, table),
      512 * KB,
    )
    expect(verdict.problem).toBeUndefined()
  })
})

describe('redacting', () => {
  test.each<[id: string, before: string, unit: string, after: string, most: number]>([
    ['kernel-log', '', ' OUT=x', '', 128 * KB],
    ['kernel-log', '', ' ', 'x', 64 * KB],
    ['ulogd-json', '{"a', '\\"', '', 64 * KB],
    ['ulogd-json', '', 'prefix:', '', 64 * KB],
    ['uname', 'Linux ', '(', '', 64 * KB],
    // up to 1600 characters are looked at behind each: without that bound a square stands out here already
    ['iptables-list', '', '/* ', '', 64 * KB],
    ['ipset-xml', '', '<comment>', '', 128 * KB],
  ])('%s: %j, %j again and again', (id, before, unit, after, most) => {
    expect(linear((text) => redact(id, text), before, unit, after, most)).toBeUndefined()
  })

  test('a host with a name of 100 kB, and 20,000 hosts', () => {
    expect(() => redact('uname', `Linux ${'\xe2'.repeat(100 * KB)} 6.1.0-1 #1\n`)).not.toThrow()
    const lines = (size: number) =>
      Buffer.from(
        Array.from(
          { length: size / 64 },
          (_, i) => `Nov 20 06:03:22 node${i} kernel: IN=a OUT= SRC=10.0.0.1 LEN=1\n`,
        ).join(''),
      )
    expect(judge((bytes) => redact('kernel-log', bytes.toString()), lines, 512 * KB).problem).toBeUndefined()
  })

  test('a line of 20 MB, and a string of 20 MB in one', () => {
    const digits = '1 '.repeat(1e7)
    expect(redact('nft', `add element ip t s { ${digits} } # x\n`).length).toBeGreaterThan(2e7)
    expect(redact('nft-json', `{"comment": "${digits}"}`).length).toBeGreaterThan(2e7)
    expect(redact('nft-json', `{"comment": "${digits}`).length).toBeGreaterThan(2e7)
  })

  test('a message of 200,000 bytes as a list of numbers', () => {
    expect(() => redact('kernel-log', `{"MESSAGE":[${'65,'.repeat(200_000)}65]}\n`)).not.toThrow()
  })

  test('a record of 16 MB that comes in small pieces', () => {
    const head = Buffer.from('d4c3b2a1020004000000000000000000ffff0000ef000000', 'hex')
    const record = (size: number) => {
      const bytes = Buffer.alloc(16 + size)
      bytes.writeUInt32LE(size, 8)
      bytes.writeUInt32LE(size, 12)
      return Buffer.concat([head, bytes])
    }
    const run = (bytes: Buffer) => {
      const stream = redactingStream('nflog-pcap', new Redactor('x'))!
      for (let at = 0; at < bytes.length; at += 512) stream.push(bytes.subarray(at, at + 512))
      return stream.end()
    }
    expect(judge(run, record, 4096 * KB).problem).toBeUndefined()
  })
})

test('an archive whose pax header has a length of 200,000 digits', () => {
  for (const content of ['1'.repeat(200_000), `${'1'.repeat(200_000)} path=a\n`, '5 a=\n'.repeat(40_000)]) {
    const reader = new TarReader({ file: () => true, data() {}, done() {}, refused() {} })
    const archive = makeTar([
      { name: 'x', type: 'x', content },
      { name: 'a', content: 'b' },
    ])
    expect(() => reader.push(archive)).not.toThrow()
  }
})

test.each(['9', '1-', '\xff', '[', 'a-', 'port '])('a filter of %j again and again', (unit) => {
  expect(linear((text) => parseFilter(text), 'portrange ', unit, '', 64 * KB)).toBeUndefined()
  expect(linear((text) => parseFilter(text), '', unit, '', 64 * KB)).toBeUndefined()
})
