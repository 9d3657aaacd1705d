/** A rule that was meant for the traffic and asks for something else by one word; also in a list or a map of its own. */
import type { Random } from '../../../generate/random.ts'
import { type Kind, replaced, ruleAt, type Scene } from '../../fault.ts'
import { verdictKind } from './words.ts'

/** What the word could be mistaken for; undefined: the rule has no such word. */
type Mistake = (rule: string, random: Random, scene: Scene) => string | undefined

const wrong = (kind: string, mistake: Mistake): Kind => ({
  name: kind,
  make: (scene) =>
    scene.met.flatMap(({ table, chain, index, rule }) => {
      if (rule === undefined || ['drop', 'reject'].includes(verdictKind(rule) ?? '')) return []
      const now = mistake(rule, scene.random, scene)
      if (now === undefined || now === rule) return []
      return [
        {
          kind,
          about: `${table} ${chain} ${index + 1}: ${now}, in place of ${rule}`,
          variant: { tables: replaced(scene.setup.tables, table, chain, index, now) },
          culprits: [ruleAt({ table, chain, index })],
        },
      ]
    }),
})

/** Likely slips: next to it, two digits turned round, a digit too many. */
export function otherPort(port: number, random: Random): number {
  const digits = String(port)
  const swapped = Number(digits.slice(0, -2) + digits.at(-1) + (digits.at(-2) ?? ''))
  return random.pick([port + 1, swapped === port ? port - 1 : swapped, Number(`${port}0`.slice(0, 4)), 8081])
}

export const wrongPort = wrong('a wrong port', (rule, random, { probe, met }) => {
  const ports = new Set([probe.packet.dport, ...met.map(({ packet }) => packet.dport)])
  const [whole, before, list] = /((?:tcp|udp|th) dport (?:vmap )?)(\{[^}]*\}|\d+)/.exec(rule) ?? []
  if (whole === undefined || list === undefined) return undefined
  const port = [...list.matchAll(/(?<![\w.:])\d+(?![\w.])/g)].map(([one]) => Number(one)).find((one) => ports.has(one))
  if (port === undefined) return undefined
  const other = list.replace(new RegExp(`(?<![\\w.])${port}(?![\\w.])`), String(otherPort(port, random)))
  const slipped = rule.replace(whole, before + other)
  // nft takes no range that ends before it begins
  const isTurned = [...slipped.matchAll(/dport [^}]*?(\d+)-(\d+)/g)].some(([, from, to]) => Number(from) > Number(to))
  return isTurned ? undefined : slipped
})

const otherAddress = (value: string, random: Random, { topology }: Scene): string => {
  const { hosts, far, sides } = topology
  const six = value.includes(':')
  if (!value.includes('/')) {
    const own = hosts.map(({ ip, ip6 }) => (six ? ip6 : ip))
    const near = six
      ? value.replace(/[\da-f]+$/, '44')
      : value.replace(/\d+$/, (last) => String((Number(last) + 4) % 250))
    return random.pick([...own, near].filter((ip) => ip !== value))
  }
  const nets = six
    ? [sides.left.net6, sides.right.net6, far.left.net6]
    : [sides.left.net, sides.right.net, far.left.net, far.right.net, '192.168.1.0/24']
  return random.pick(nets.filter((net) => net !== value))
}

const wrongAddress = (kind: string, side: 'saddr' | 'daddr'): Kind =>
  wrong(kind, (rule, random, scene) => {
    const [whole, value] = new RegExp(`ip6? ${side} ([\\da-f][\\da-f.:/]*)(?= |$)`).exec(rule) ?? []
    return whole === undefined || value === undefined
      ? undefined
      : rule.replace(whole, whole.replace(value, otherAddress(value, random, scene)))
  })

export const wrongSource = wrongAddress('a wrong source', 'saddr')
export const wrongDestination = wrongAddress('a wrong destination', 'daddr')

export const wrongInterface = wrong('a wrong interface', (rule, random, { topology: { sides } }) => {
  const [whole, word, name] = /\b([io]if(?:name)?) "([^"]+)"/.exec(rule) ?? []
  if (whole === undefined || name === 'lo') return undefined
  // the index of an interface that is not there cannot be asked for
  const there = [sides.left.interface, sides.right.interface]
  const others = (word!.endsWith('name') ? [...there, 'eth1', 'tun0'] : there).filter((one) => one !== name)
  return rule.replace(whole, `${word} "${random.pick(others)}"`)
})

export const wrongProtocol = wrong('a wrong protocol', (rule) => {
  if (/tcp flags|tcp option|tcp reset/.test(rule)) return undefined
  if (/\btcp dport|l4proto tcp/.test(rule)) return rule.replace(/\btcp(?= dport)|(?<=l4proto )tcp/, 'udp')
  if (/\budp dport|l4proto udp/.test(rule)) return rule.replace(/\budp(?= dport)|(?<=l4proto )udp/, 'tcp')
  return undefined
})

export const wrongState = wrong('a wrong ct state', (rule, random) => {
  const [whole, word, states] = /\bct (state|status) (\{[^}]*\}|[\w,]+)/.exec(rule) ?? []
  if (whole === undefined || states === 'vmap') return undefined
  if (word === 'status') return rule.replace(whole, `ct status ${random.pick(['snat', 'expected'])}`)
  return rule.replace(
    whole,
    `ct state ${random.pick(states === 'new' ? ['established', 'related', 'invalid'] : ['related', 'new', 'invalid'])}`,
  )
})

/** The other side of the packet, or another set. */
export const wrongSet = wrong('a wrong set', (rule, random, { setup, met }) => {
  const [whole, ip, side, set] = /\b(ip6?) ([sd]addr) @(\S+)/.exec(rule) ?? []
  if (whole === undefined) return undefined
  const table = met.find((one) => one.rule === rule)?.table
  const sets = setup.tables.find(({ name }) => name === table)?.sets ?? []
  const type = sets.find(({ name }) => name === set)?.define
  const others = sets.filter(({ name, define }) => name !== set && define === type)
  if (others.length > 0 && random.chance(0.5)) return rule.replace(`@${set}`, `@${random.pick(others).name}`)
  return rule.replace(whole, `${ip} ${side === 'saddr' ? 'daddr' : 'saddr'} @${set}`)
})

export const wrongMark = wrong('a wrong mark', (rule) => {
  if (/xor 0x/.test(rule)) return undefined
  const all = [...rule.matchAll(/0x[\da-f]*[1-9][\da-f]*/g)].map(([hex]) => hex)
  const mark = all.at(-1)
  if (mark === undefined) return undefined
  const other = `0x${(Number(mark) * 2).toString(16).padStart(mark.length - 2, '0')}`
  return rule.slice(0, rule.lastIndexOf(mark)) + other + rule.slice(rule.lastIndexOf(mark) + mark.length)
})

export const dnatElsewhere = wrong('DNAT to a wrong place', (rule, random, { topology, probe }) => {
  const [, ports] = /redirect to :(\d+)/.exec(rule) ?? []
  if (ports !== undefined) return rule.replace(`:${ports}`, `:${Number(ports) + 1}`)
  const [whole, address, port] = /dnat (?:ip )?to ([\d.]+)(?::(\d+))?/.exec(rule) ?? []
  if (whole === undefined || address === undefined) return undefined
  if (port !== undefined && random.chance(0.5))
    return rule.replace(whole, whole.replace(`:${port}`, `:${Number(port) + 1}`))
  const others = [...topology.hosts.map(({ ip }) => ip), address.replace(/\d+$/, '77')]
  return rule.replace(
    whole,
    whole.replace(address, random.pick(others.filter((ip) => ip !== address && ip !== probe.packet.src))),
  )
})

/** `!=` that should not be there, or the other way round. */
export const negated = wrong('a negation too many', (rule) => {
  const [whole, field] = /\b((?:ip6? [sd]addr|[io]ifname|(?:tcp|udp) dport)) (?!!=|vmap|\.|map)/.exec(rule) ?? []
  return whole === undefined ? undefined : rule.replace(whole, `${field} != `)
})
