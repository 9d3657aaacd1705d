/** Objects that rules name: counter, quota, limit, ct helper, ct timeout, ct expectation, secmark, synproxy, tunnel. */

import type { RuleFamily } from '../../../model/ruleset.ts'
import { wordTable } from '../../../model/word-table.ts'
import type { NamedObject } from '../objects.ts'
import { parseBlock } from './blocks.ts'
import { parseCounter, parseQuota, parseRate } from './limits.ts'
import type { Parser } from './parser.ts'
import { parseTime } from './times.ts'
import { parseSynproxyOptions } from './ways-out.ts'

export const NAMED_OBJECTS: ReadonlySet<string> = new Set([
  'counter',
  'quota',
  'limit',
  'ct',
  'secmark',
  'synproxy',
  'tunnel',
])

const CT_OBJECTS = new Set(['helper', 'timeout', 'expectation'])

interface Spec {
  family: RuleFamily
  table: string
  name: string
  handle?: number
}

/** From the object's kind on: `counter NAME { … }`, `quota ip filter q over 25 mbytes`; `spec` takes the name. */
export function parseObjectCommand(p: Parser, spec: (p: Parser, what: string) => Spec): NamedObject {
  let kind = p.advance().text
  if (kind === 'ct') {
    if (!p.isAny(CT_OBJECTS)) p.fail('expected "helper", "timeout" or "expectation"')
    kind = `ct ${p.advance().text}`
  }
  const body: Record<string, unknown> = { ...spec(p, `the name of a ${kind}`) }
  const parse = BODIES[kind]!
  if (p.is('{')) {
    const handle = parseBlock(p, (p) => {
      if (p.accept('comment')) body.comment = p.string('a comment')
      else parse(p, body)
    })
    if (handle !== undefined) body.handle = handle
  } else if (!p.atStop()) parse(p, body)
  return { [kind]: body } as unknown as NamedObject
}

const BYTES: Readonly<Record<string, number>> = wordTable({ bytes: 1, kbytes: 1024, mbytes: 1024 * 1024 })

const BODIES: Record<string, (p: Parser, body: Record<string, unknown>) => void> = wordTable({
  counter: (p, body) => Object.assign(body, parseCounter(p) ?? {}),
  quota: (p, body) => {
    const { val, val_unit = 'bytes', used, used_unit = 'bytes', inv } = parseQuota(p)
    body.bytes = val * BYTES[val_unit]!
    if (used !== undefined) body.used = used * BYTES[used_unit]!
    if (inv) body.inv = true
  },
  limit: (p, body) => {
    p.expect('rate')
    Object.assign(body, parseRate(p))
  },
  secmark: (p, body) => {
    body.context = p.string('a security context')
  },
  synproxy: (p, body) => {
    const { flags, ...options } = parseSynproxyOptions(p)
    if (flags === undefined && Object.keys(options).length === 0) p.fail('expected an option of synproxy')
    Object.assign(body, options)
    const all = [body.flags ?? [], flags ?? []].flat()
    if (all.length > 0) body.flags = all.length === 1 ? all[0] : all
  },
  'ct helper': (p, body) => {
    if (p.accept('type')) {
      body.type = p.string('the type of the helper')
      if (p.accept('protocol')) body.protocol = p.identifier('a protocol')
    } else if (p.accept('protocol')) body.protocol = p.identifier('a protocol')
    else l3proto(p, body)
  },
  'ct timeout': (p, body) => {
    if (p.accept('protocol')) body.protocol = p.identifier('a protocol')
    else if (p.accept('policy')) {
      p.expect('=')
      p.expect('{')
      const policy: Record<string, number> = {}
      for (p.skipNewlines(); !p.is('}'); p.skipNewlines()) {
        const state = p.identifier('a state').toLowerCase()
        p.expect(':')
        policy[state] = parseTime(p)
        p.skipNewlines()
        if (!p.accept(',')) break
      }
      p.expect('}')
      body.policy = policy
    } else l3proto(p, body)
  },
  'ct expectation': (p, body) => {
    if (p.accept('protocol')) body.protocol = p.identifier('a protocol')
    else if (p.accept('dport')) body.dport = p.number('a port')
    else if (p.accept('size')) body.size = p.number('a size')
    // libnftables-json(5): in milliseconds
    else if (p.accept('timeout')) body.timeout = parseTime(p) * 1000
    else l3proto(p, body)
  },
  tunnel: parseTunnel,
})

function l3proto(p: Parser, body: Record<string, unknown>): void {
  if (!p.accept('l3proto')) p.fail('expected a property of the object')
  body.l3proto = p.identifier('a family')
}

const TUNNEL_NUMBERS = new Set(['id', 'sport', 'dport', 'ttl', 'tos'])

function parseTunnel(p: Parser, body: Record<string, unknown>): void {
  if (p.isAny(TUNNEL_NUMBERS)) body[p.advance().text] = p.number('a number')
  else if (p.accept('ip') || p.accept('ip6')) {
    const key = p.is('saddr') ? 'src' : 'dst'
    if (!p.is('saddr')) p.expect('daddr')
    else p.advance()
    body[key] = p.identifier('an address')
  } else if (p.is('erspan') || p.is('vxlan') || p.is('geneve')) {
    const type = p.advance().text
    const options: Record<string, string | number>[] = []
    parseBlock(p, (p) => {
      const option: Record<string, string | number> = {}
      while (!p.atStop()) {
        const key = p.identifier('an option')
        option[key] = p.token.kind === 'number' ? p.number('a number') : p.identifier('a value')
      }
      options.push(option)
    })
    body.type = type
    body.tunnel = type === 'geneve' ? options : Object.assign({}, ...options)
  } else p.fail('expected a property of the tunnel')
}
