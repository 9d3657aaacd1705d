/** Chains: the line that hangs one on a hook, its policy, its rules. */
import type { Statement } from '../ast.ts'
import type { ChainObject, Verb } from '../objects.ts'
import { parseBlock } from './blocks.ts'
import type { Parser } from './parser.ts'
import { parsePriority } from './priorities.ts'
import { parseRule } from './rule.ts'

/** Takes `{ … }`; fills in `chain`, and its rules become commands. */
export function parseChainBlock(p: Parser, chain: ChainObject['chain'], op: Verb): void {
  const { family, table, name } = chain
  p.family = family
  p.table = table
  const addRule = (line: number, rule: { expr: Statement[]; comment?: string; handle?: number }) =>
    p.shared.commands.push({
      op: op === 'delete' || op === 'destroy' ? op : 'add',
      object: { rule: { family, table, chain: name, ...rule } },
      line,
    })
  p.inChain = true
  const handle = parseBlock(
    p,
    (p) => {
      const { line } = p.token
      if (!parseChainProperty(p, chain)) addRule(line, parseRule(p))
    },
    (text, line) => addRule(line, { expr: [{ unknown: { text } }] }),
  )
  p.inChain = false
  if (handle !== undefined) chain.handle = handle
}

function parseChainProperty(p: Parser, chain: ChainObject['chain']): boolean {
  const behind = p.ahead(1)
  if (p.is('type') && p.ahead(2).text === 'hook') {
    p.advance()
    chain.type = p.advance().text
    p.advance()
    chain.hook = p.identifier('a hook')
    if (p.is('device') || p.is('devices')) chain.dev = parseDevices(p)
    p.expect('priority')
    chain.prio = parsePriority(p, chain.family, chain.hook)
  } else if (p.is('policy')) {
    p.advance()
    chain.policy = p.identifier('a policy')
  } else if (p.is('flags') && behind.text === 'offload') {
    p.advance()
    p.advance()
    chain.flags = 'offload'
  } else if (p.is('comment')) {
    p.advance()
    chain.comment = p.string('a comment')
  } else if (p.is('devices') && behind.text === '=') chain.dev = parseDevices(p)
  else return false
  return true
}

/** `device "eth0"`, `devices = { eth0, eth1 }` */
export function parseDevices(p: Parser): string | string[] {
  if (p.accept('device')) return p.identifier('the name of a device')
  p.expect('devices')
  p.expect('=')
  if (p.is('$')) {
    const value = p.variable()
    if (typeof value === 'string') return [value]
    if (typeof value === 'object' && 'set' in value) return value.set.flat().map(String)
    if (Array.isArray(value)) return value.map(String)
    return p.fail('expected names of devices')
  }
  p.expect('{')
  const devices: string[] = []
  for (p.skipNewlines(); !p.is('}'); p.skipNewlines()) {
    if (p.is('$')) {
      const value = p.variable()
      const names = typeof value === 'object' && 'set' in value ? value.set.flat() : [value]
      for (const name of names) devices.push(String(name))
    } else devices.push(p.identifier('the name of a device'))
    p.skipNewlines()
    if (!p.accept(',')) break
  }
  p.expect('}')
  return devices
}
