import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HOST_FORMATS } from '../../../src/read/host/index.ts'
import { recognise } from '../../../src/read/recognise.ts'
import { cpu } from '../../cpu.ts'
import { share } from '../../share.ts'
import { FIXTURES, FOLDER, readFixture, readPlain } from './fixtures.ts'

const claims = (head: string) => HOST_FORMATS.filter((format) => format.sniff(head)).map((format) => format.id)

describe.each(FIXTURES)('$format/$name', ({ format, name, text }) => {
  it.each([1024, 4096])('is told from its first %i characters, by one format', (length) => {
    expect(claims(text.slice(0, length))).toEqual([format])
  })

  it('is no ruleset, and no capture', () => {
    expect(recognise(text)?.format.id).toBe(format)
  })

  it('reads as expected', () => {
    const expected = JSON.parse(readFixture(`${format}/${name.replace(/\.\w+$/, '')}.expected.json`))
    const reader = HOST_FORMATS.find((one) => one.id === format)!
    expect(readPlain(reader, text)).toEqual(expected)
  })
})

it('has a fixture for every format', () => {
  expect(new Set(FIXTURES.map((fixture) => fixture.format))).toEqual(new Set(HOST_FORMATS.map((format) => format.id)))
})

it.each(['', '\n', ' \n\n', '[]', '[ ]\n'])('leaves %j to nobody', (text) => {
  expect(claims(text)).toEqual([])
})

it('claims nothing of what other readers are for', () => {
  const files = readdirSync(new URL('../../', FOLDER), { recursive: true, withFileTypes: true }).filter(
    (entry) =>
      entry.isFile() &&
      // whole bundles, and what a capture's interfaces are called
      !/\/(host|demo|findings|analysis|reports\/cases\/.*)\//.test(`${entry.parentPath}/`) &&
      !entry.name.endsWith('.ip-addr.json') &&
      !entry.name.endsWith('.expected.json'),
  )
  expect(files.length).toBeGreaterThan(0)
  for (const { parentPath, name } of files) {
    const head = readFileSync(`${parentPath}/${name}`, 'latin1').slice(0, 4096)
    expect([name, claims(head)]).toEqual([name, []])
  }
})

it.each([
  ['ip -j route get', '[{"dst":"10.5.0.1","gateway":"10.9.0.2","dev":"eth0","flags":[],"uid":0,"cache":[]}]'],
  ['ip route get', '10.5.0.1 via 10.9.0.2 dev eth0 src 10.9.0.1 uid 0 \n    cache \n'],
  [
    'conntrack -E',
    '    [NEW] udp      17 30 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1\n',
  ],
  [
    'conntrack -E -o xml',
    '<?xml version="1.0" encoding="utf-8"?>\n<conntrack>\n<flow type="new"><meta direction="original"></meta></flow>\n',
  ],
  ['bare names of ip netns', 'web\ndb\n'],
  ['conntrack -C', '12\n'],
  ['bridge -j link', '[{"ifindex":5,"ifname":"v1","flags":["UP"],"mtu":1500,"master":"br0","state":"forwarding"}]'],
  ['an address', '10.0.0.1\n'],
  ['os-release', 'NAME="Debian GNU/Linux"\nVERSION_ID=12\n'],
])('claims nothing of %s', (_name, text) => {
  expect(claims(text)).toEqual([])
})

describe('damaged input', () => {
  const anyFixture = fc.constantFrom(...FIXTURES.map((fixture) => fixture.text))
  const damage = fc.record({ at: fc.nat(), cut: fc.nat(40), put: fc.string({ maxLength: 8 }), end: fc.nat() })

  it('never makes a format throw', () => {
    fc.assert(
      fc.property(anyFixture, damage, (text, { at, cut, put, end }) => {
        const start = at % (text.length + 1)
        const damaged =
          text.slice(0, start) + put + text.slice(start + cut, text.length - (end % 3 === 0 ? end % 200 : 0))
        for (const format of HOST_FORMATS) {
          format.sniff(damaged.slice(0, 1024))
          format.read(damaged, () => {})
        }
      }),
      { numRuns: share(300) },
    )
  })

  // what takes time in proportion to its square takes seconds for these
  const SPREAD = 40_000
  it.each(HOST_FORMATS.map((format) => [format.id, format] as const))(
    '%s takes no time out of proportion',
    (id, format) => {
      const texts = FIXTURES.filter((fixture) => fixture.format === id).flatMap(({ text }) => {
        const lines = text.split('\n').filter((line) => line.trim() !== '')
        const some = [lines[0]!, lines.at(-1)!, lines.reduce((a, b) => (a.length > b.length ? a : b))]
        return some.flatMap((line) => [
          `${line}${' '.repeat(SPREAD)}x\n`,
          `${line} ${'a '.repeat(SPREAD / 8)}\n`,
          `${line}${line.slice(-6).repeat(SPREAD / 4)}\n`,
          `${line.replace(' ', ' '.repeat(SPREAD))}\n`,
          text.repeat(Math.ceil(SPREAD / text.length)),
        ])
      })
      for (const text of texts) {
        const begun = cpu()
        format.sniff(text)
        format.read(text, () => {})
        expect([text.slice(0, 80), cpu() - begun < 3000]).toEqual([text.slice(0, 80), true])
      }
    },
  )

  it.each(['ip-addr-json/every-kind.json', 'ip-route-json/both-families.json', 'ip-rule-json/both-families.json'])(
    '%s cut anywhere keeps what stands before the cut, and says so',
    (path) => {
      const text = readFixture(path).trimEnd()
      const format = HOST_FORMATS.find((one) => one.id === path.split('/')[0])!
      const things = (part: string) => {
        const { host, told } = readPlain(format, part)
        return { list: Object.values(host ?? {})[0] as unknown[], told }
      }
      let most = 0
      for (let length = 1; length < text.length; length += 7) {
        const { list, told } = things(text.slice(0, length))
        const cutAfterAnArray = text[length - 1] === ']' || /\]\s*$/.test(text.slice(0, length))
        if (!cutAfterAnArray) expect(told.filter((line) => line.endsWith(' cut-short'))).toHaveLength(1)
        expect(list.length).toBeGreaterThanOrEqual(most)
        most = list.length
      }
      expect(most).toBeGreaterThanOrEqual(things(text).list.length - 1)
    },
  )
})
