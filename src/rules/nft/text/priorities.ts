/** Names for priorities (include/uapi/linux/netfilter_ipv4.h, netfilter_bridge.h; nft's src/rule.c). */
import type { RuleFamily } from '../../../model/ruleset.ts'
import type { Parser } from './parser.ts'

const NAMES: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
}
const BRIDGE_NAMES: Readonly<Record<string, number>> = { dstnat: -300, filter: -200, out: 100, srcnat: 300 }

/** The number of a priority's name; undefined where this family has no such name. */
export function priorityOf(name: string, family: RuleFamily): number | undefined {
  const names = family === 'bridge' ? BRIDGE_NAMES : NAMES
  return Object.hasOwn(names, name) ? names[name] : undefined
}

/** The name of a priority, and how far off it is, as `nft list` prints it. */
export function priorityName(priority: number, family: RuleFamily, hook: string): string {
  const names = Object.entries(family === 'bridge' ? BRIDGE_NAMES : NAMES)
  const near = names.find(([name, number]) => Math.abs(priority - number) <= 10 && belongs(name, family, hook))
  if (!near) return String(priority)
  const off = priority - near[1]
  if (off === 0) return near[0]
  return off > 0 ? `${near[0]} + ${off}` : `${near[0]} - ${-off}`
}

function belongs(name: string, family: RuleFamily, hook: string): boolean {
  if (name === 'dstnat') return hook === 'prerouting' || (family === 'bridge' && hook === 'prerouting')
  if (name === 'srcnat') return hook === 'postrouting'
  if (name === 'out') return hook === 'output'
  if (family === 'arp' || family === 'netdev') return name === 'filter'
  return true
}

/** `-10`, `filter`, `filter - 5`, `$variable`. */
export function parsePriority(p: Parser, family: RuleFamily, _hook?: string): number {
  if (p.is('-')) {
    p.advance()
    return -p.number('a priority')
  }
  if (p.token.kind === 'number') return p.number('a priority')
  const value = p.is('$') ? p.variable() : undefined
  if (typeof value === 'number') return value
  if (value !== undefined && typeof value !== 'string') p.fail('expected a priority')
  // `filter-5` is one word
  const text = typeof value === 'string' ? value : p.token.text
  const [, name = '', off] = /^(\w+?)([-+]\d{1,10})?$/.exec(text) ?? []
  const number = /^-?\d{1,10}$/.test(text) ? Number(text) : priorityOf(name, family)
  if (number === undefined) p.fail('expected a priority')
  if (value === undefined) p.advance()
  if (off !== undefined) return number! + Number(off)
  if (p.accept('+')) return number! + p.number('a number')
  if (p.accept('-')) return number! - p.number('a number')
  return number!
}
