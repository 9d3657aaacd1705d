/** Every property of every kind of object, gone or something else, through all that is made of it: never a throw. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { applyEdit } from '../../../../src/edits/apply.ts'
import { undoNft } from '../../../../src/edits/nft/undo.ts'
import { parseCommand } from '../../../../src/edits/parse.ts'
import { printEdit } from '../../../../src/edits/print.ts'
import type { NftEdit } from '../../../../src/model/edit.ts'
import { emptyWorld, type World } from '../../../../src/model/world.ts'
import { command } from '../../../../src/read/rulesets/nft-json/commands.ts'
import { readNftJson } from '../../../../src/read/rulesets/nft-json.ts'
import { readNft } from '../../../../src/read/rulesets/nft-text.ts'
import { printNft } from '../../../../src/rules/nft/print/ruleset.ts'
import { stride } from '../../../share.ts'

const fixture = readFileSync(
  new URL('../../../../fixtures/read/rulesets/nft-json/everything.json', import.meta.url),
  'utf8',
)

const own = { family: 'inet', table: 'filter', name: 'x' }
/** What the listing does not have. */
const OTHERS: object[] = [
  { set: { ...own, type: ['ipv4_addr', 'inet_service'], flags: ['interval'], stmt: [{ counter: null }], elem: [] } },
  { set: { ...own, type: { typeof: { payload: { protocol: 'tcp', field: 'dport' } } }, 'gc-interval': 5, size: 9 } },
  { map: { ...own, type: { typeof: { concat: [{ meta: { key: 'mark' } }, 1] } }, map: 'verdict' } },
  { map: { ...own, type: 'ipv4_addr', map: 'verdict', elem: [['10.0.0.1', { jump: { target: 'lan' } }]] } },
  { meter: { ...own, type: 'ipv4_addr', size: 100, elem: [{ elem: { val: '10.0.0.1', limit: { rate: 1 } } }] } },
  { element: { ...own, name: 'allowed', elem: [{ concat: ['10.0.0.1', 80] }] } },
  { flowtable: { ...own, hook: 'ingress', prio: 0, dev: ['eth0', 'eth1'], flags: ['offload'] } },
  { limit: { ...own, rate: 400, per: 'minute', burst: 5, unit: 'packets', rate_unit: 'mbytes', inv: true } },
  { 'ct helper': { ...own, type: 'ftp', protocol: 'tcp', l3proto: 'ip' } },
  { 'ct timeout': { ...own, protocol: 'tcp', l3proto: 'ip', policy: { established: 5 } } },
  { 'ct expectation': { ...own, protocol: 'tcp', dport: 1, timeout: 2, size: 3, l3proto: 'ip' } },
  { secmark: { ...own, context: 'system_u:object_r:x' } },
  { synproxy: { ...own, mss: 1460, wscale: 7, flags: ['timestamp', 'sack-perm'] } },
  { tunnel: { ...own, id: 1, src: '10.0.0.1', dst: '10.0.0.2', tunnel: { version: 1, direction: 'in', id: 3 } } },
  { chain: { family: 'inet', table: 'filter', name: 'lan', newname: 'lan2', handle: 7 } },
]

const STATEMENTS: object[] = [
  { match: { op: '==', left: { meta: { key: 'mark' } }, right: { '|': [1, { '&': [2, 3] }] } } },
  { match: { op: '!', left: { 'tcp option': { name: 'maxseg', field: 'size' } }, right: { range: [1, 2] } } },
  { vmap: { key: { concat: [{ ct: { key: 'state', dir: 'original' } }, { meta: { key: 'iif' } }] }, data: '@x' } },
  { vmap: { key: { payload: { base: 'nh', offset: 1, len: 2 } }, data: { set: [[1, { goto: { target: 'x' } }]] } } },
  { mangle: { key: { meta: { key: 'mark' } }, value: { map: { key: { rt: { key: 'mtu' } }, data: '@x' } } } },
  { mangle: { key: { ct: { key: 'mark' } }, value: { jhash: { expr: { concat: [1, 2] }, mod: 2, seed: 1 } } } },
  { dnat: { addr: { prefix: { addr: '10.0.0.0', len: 8 } }, port: { numgen: { mode: 'inc', mod: 3 } }, family: 'ip' } },
  { set: { op: 'add', elem: { elem: { val: 1, timeout: 3 } }, set: '@x', stmt: [{ limit: { rate: 1, per: 's' } }] } },
  { map: { op: 'update', elem: 1, data: 2, map: '@x' } },
  { meter: { name: 'm', key: { concat: [1, 2] }, stmt: { 'ct count': { val: 3, inv: true } } } },
  { queue: { num: { range: [1, 3] }, flags: ['bypass'] } },
  { reject: { type: 'icmpx', expr: 'port-unreachable' } },
  { log: { prefix: 'x', group: 1, snaplen: 2, 'queue-threshold': 3, flags: ['tcp sequence'] } },
  { tproxy: { family: 'ip', addr: '10.0.0.1', port: 80 } },
  { fwd: { dev: 'eth0', family: 'ip', addr: '10.0.0.1' } },
  { dup: { addr: '10.0.0.1', dev: 'eth0' } },
  { synproxy: { mss: 1, wscale: 2, flags: ['timestamp'] } },
  { quota: { val: 1, val_unit: 'mbytes', used: 1, used_unit: 'bytes', inv: true } },
  { 'ct timeout': { map: { key: { fib: { result: 'oif', flags: ['saddr', 'iif'] } }, data: '@x' } } },
  { xt: { type: 'match', name: 'x' } },
]

/** `add` is what stands without a verb. */
const VERBS = ['insert', 'replace', 'delete', 'rename', 'reset']
const INSTEAD: unknown[] = [
  null,
  0,
  -1.5,
  1e300,
  '',
  'x',
  '@x',
  'ip',
  true,
  [],
  [''],
  [[1, 2]],
  {},
  { typeof: {} },
  { set: [] },
]

const listed = (JSON.parse(fixture) as { nftables: object[] }).nftables
const rules = STATEMENTS.map((one) => ({
  rule: { family: 'inet', table: 'filter', chain: 'lan', handle: 3, index: 0, comment: 'x', expr: [one] },
}))
const objects = [...listed.filter((one) => !('metainfo' in one)), ...OTHERS, ...rules]

/** The value with each of its properties, however deep, gone or something else. */
function* variants(value: unknown): Generator<unknown> {
  yield* INSTEAD
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const [i, one] of value.entries()) {
      yield value.toSpliced(i, 1)
      for (const other of variants(one)) yield value.with(i, other)
    }
    return
  }
  for (const [key, one] of Object.entries(value)) {
    const { [key]: _, ...rest } = value as Record<string, unknown>
    yield rest
    for (const other of variants(one)) yield { ...value, [key]: other }
  }
}

const silent = () => {}
const [ruleset] = readNftJson(fixture, silent)
const world: World = { ...emptyWorld(), tables: ruleset!.tables, sets: ruleset!.sets ?? [] }

/** Reads, prints, applies it and takes it back. */
function take(entry: object): void {
  const read = command(entry, 1)
  if (!read) return
  const edit = { kind: 'nft', op: read.op, object: read.object } as NftEdit
  printEdit(edit)
  printNft([read], { handles: true })
  const result = applyEdit(world, edit)
  if ('world' in result) undoNft(edit, world)?.map(printEdit)
}

describe('objects of nft in JSON', () => {
  it.each(objects.map((one) => [Object.keys(one)[0]!, one]))(
    '%s: what is not as it should be throws nowhere',
    (_, object) => {
      /** By where; with an example. */
      const thrown: Record<string, string> = {}
      const attempt = (run: () => void, of: unknown) => {
        try {
          run()
        } catch (error) {
          thrown[
            String((error as Error).stack)
              .split('\n')
              .slice(0, 2)
              .join(' ')
          ] = JSON.stringify(of)
        }
      }
      // odd: what stands instead comes sixteen in a row
      const step = stride(1) | 1
      let next = 0
      for (const other of variants(object)) {
        if (next++ % step > 0) continue
        const entries = [other, ...VERBS.map((verb) => ({ [verb]: other }))] as object[]
        for (const entry of entries) attempt(() => take(entry), entry)
        attempt(() => readNftJson(JSON.stringify({ nftables: entries }), silent), entries)
      }
      expect(thrown).toEqual({})
    },
  )
})

describe('handles', () => {
  const digits = '9'.repeat(300)

  it.each(['1e300', '12345678901234567890', '1.5', '"1"', 'null'])('takes %s for none', (handle) => {
    const told: string[] = []
    const text = `{"nftables":[{"chain":{"family":"ip","table":"t","name":"c","handle":${handle}}}]}`
    expect(readNftJson(text, (code) => told.push(code))).toEqual([])
    expect(told).toEqual(['line-not-understood'])
  })

  it('takes no 300 digits for one in a listing as text', () => {
    const text = `table ip t { # handle ${digits}\n chain c { # handle ${digits}\n accept # handle ${digits}\n}\n}\n`
    const [ruleset] = readNft(text, (code, message) => expect.fail(`${code}: ${message}`))
    expect(JSON.stringify([...ruleset!.tables[0]!.chains.values()])).not.toContain('"handle"')
  })

  it.each([
    `delete rule t c handle ${digits}`,
    `add rule t c position ${digits} accept`,
    `delete chain t handle ${digits}`,
  ])('refuses one of 300 digits in a command: %.20s', (text) => {
    expect(parseCommand(`nft ${text}`)).toHaveProperty('error')
  })

  it('finds a chain by its handle', () => {
    const chain = { family: 'ip', table: 't', name: 'c', handle: 4 }
    const entries = [{ chain }, { delete: { chain: { family: 'ip', table: 't', handle: 4 } } }]
    const [ruleset] = readNftJson(JSON.stringify({ nftables: entries }), (code) => expect.fail(code))
    expect(ruleset!.tables[0]!.chains.size).toBe(0)
  })
})
