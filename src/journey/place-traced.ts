/**
 * Where each event of nft's tracing happened: which walk through a base chain it belongs to, at which hook, how deep, and
 * which event led there. The ruleset tells hooks; without it the interfaces, the order of hooks and what only some hooks
 * allow narrow them, and last the chain's name, where it is one that people give to chains of that hook only.
 */
import { HOOKS, type Hook } from '../model/hook.ts'
import type { Packet } from '../model/packet.ts'
import { ANY_HOOK, backwards, bitOf, hooksByInterfaces, maskOf, onlyHookOf, onwards } from './hook-masks.ts'
import { natWord } from './nat-words.ts'
import type { Resolved } from './resolved.ts'

export interface Place {
  hook: Hook | undefined
  depth: number | undefined
  /** Index of the event whose jump or goto led into this chain. */
  caller: number | undefined
}

/** The walk through one base chain. */
interface Visit {
  from: number
  to: number
  base: string | undefined
  layer: number
  mask: number
}

export function placeTraced(events: readonly Resolved[], packets: readonly Packet[]): Place[] {
  const visits = visitsOf(events)
  for (const visit of visits) visit.mask = possibleHooks(visit, events, packets)
  narrow(visits)
  for (const visit of visits) visit.mask = byName(visit)
  narrow(visits)
  return visits.flatMap((visit) => walk(visit, events, onlyHookOf(visit.mask)))
}

const ENDS: ReadonlySet<string> = new Set(['accept', 'drop', 'reject', 'queue', 'stolen'])

function visitsOf(events: readonly Resolved[]): Visit[] {
  const visits: Visit[] = []
  let ended = true
  for (const [i, one] of events.entries()) {
    const current = visits.at(-1)
    // another base chain, though this one's end was not seen
    const elsewhere = one.base && current?.base !== undefined && current.base !== one.chain
    if (!current || ended || one.point.type === 'begin' || elsewhere) {
      visits.push({ from: i, to: i + 1, base: undefined, layer: one.layer, mask: ANY_HOOK })
      ended = false
    }
    const visit = visits.at(-1)!
    visit.to = i + 1
    if (one.base) visit.base ??= one.chain
    if (ENDS.has(one.ending)) ended = true
  }
  return visits
}

function possibleHooks(visit: Visit, events: readonly Resolved[], packets: readonly Packet[]): number {
  const own = events.slice(visit.from, visit.to)
  const known = own.find(({ hook, base }) => base && hook !== undefined) ?? own.find(({ hook }) => hook !== undefined)
  if (known?.hook !== undefined) return bitOf(known.hook)
  const first = own[0]!
  const packet = packets[visit.from]!
  // what was carried over from the chain before may be another hook's
  const shows = first.point.type === 'begin'
  let mask = shows
    ? hooksByInterfaces(first.tableFamily === 'netdev', packet.in !== undefined, packet.out !== undefined)
    : ANY_HOOK
  for (const { point } of own) if (point.type === 'rule') mask = mask & allowing(point.text ?? '') || mask
  return mask
}

const DESTINATION = maskOf('prerouting', 'output')
const SOURCE = maskOf('postrouting', 'input')
const LAST = maskOf('postrouting')

/** Where the kernel takes such a rule (nft_nat.c, nft_masq.c, nft_redir.c). */
function allowing(text: string): number {
  switch (natWord(text)) {
    case 'dnat':
    case 'redirect':
      return DESTINATION
    case 'masquerade':
      return LAST
    case 'snat':
      return SOURCE
    default:
      return ANY_HOOK
  }
}

/** Hooks come in their order; in again over lo, a packet walks over them anew. */
function narrow(visits: readonly Visit[]): void {
  for (let i = 1; i < visits.length; i++) {
    const [before, visit] = [visits[i - 1]!, visits[i]!]
    if (before.layer === visit.layer) visit.mask = onwards(before.mask, visit.mask) || visit.mask
  }
  for (let i = visits.length - 2; i >= 0; i--) {
    const [visit, next] = [visits[i]!, visits[i + 1]!]
    if (next.layer === visit.layer) visit.mask = backwards(visit.mask, next.mask) || visit.mask
  }
}

const NAMES: readonly (readonly [RegExp, Hook])[] = [
  ...HOOKS.map((hook) => [new RegExp(`(?:^|[^a-z])${hook}(?:$|[^a-z])`, 'i'), hook] as const),
  [/(?:^|[^a-z])dstnat(?:$|[^a-z])/i, 'prerouting'],
  [/(?:^|[^a-z])srcnat(?:$|[^a-z])/i, 'postrouting'],
]

function byName({ base, mask }: Visit): number {
  if (base === undefined || onlyHookOf(mask) !== undefined) return mask
  const named = NAMES.filter(([name]) => name.test(base))
  return named.length === 1 ? bitOf(named[0]![1]) & mask || mask : mask
}

interface Frame {
  chain: string
  caller: number | undefined
  depth: number | undefined
}

/** From event to event: a chain is the one below, the target of the event before, or one that it comes back to. */
function walk(visit: Visit, events: readonly Resolved[], hook: Hook | undefined): Place[] {
  const frames: Frame[] = []
  const places: Place[] = []
  for (let i = visit.from; i < visit.to; i++) {
    const one = events[i]!
    const chain = one.chain ?? ''
    const before = i > visit.from ? events[i - 1] : undefined
    const known = frames.findLastIndex((frame) => frame.chain === chain)
    const led = before?.target === chain
    if (led) {
      const top = frames.at(-1)
      // the chain that was left by goto is not come back to; but its base chain's policy comes
      if (before!.ending === 'goto' && frames.length > 1) frames.pop()
      const up = before!.ending === 'goto' ? 0 : 1
      frames.push({ chain, caller: i - 1, depth: top?.depth === undefined ? undefined : top.depth + up })
    } else if (known >= 0) frames.length = known + 1
    else if (chain === visit.base) {
      // the walk was first seen inside a chain that this one jumped to
      frames.length = 0
      frames.push({ chain, caller: undefined, depth: 0 })
    } else frames.push({ chain, caller: undefined, depth: undefined })
    const { caller, depth } = frames.at(-1)!
    places.push({ hook, caller, depth })
  }
  return places
}
