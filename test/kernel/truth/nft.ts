/**
 * What iptables-nft's chains did with each packet, as nft prints the kernel's trace events. Which packet it was, the lab's own log line tells, in front of all chains: lines and events come in the same order.
 */
import { type Hook, IPTABLES_HOOKS } from '../../../src/model/hook.ts'
import type { Packet } from '../../../src/model/packet.ts'
import { NFT_LAB } from '../lab/backend.ts'
import type { Played } from '../play.ts'
import { Arrivals } from './fate.ts'
import { type Line, readLine } from './lines.ts'
import { chainKey, readSaved, type Saved } from './rules.ts'
import { groupLines } from './traversals.ts'
import type { Seen, Truth } from './truth.ts'
import { ENDS, type WalkedStep } from './walk.ts'

/** The way from one hook behind the wire, or the program, to the end; over lo a new one begins. */
type Way = WalkedStep[]

/** `TABLE CHAIN HANDLE` → the rule's number. */
export type Handles = ReadonlyMap<string, number>

/** Of one family, from `nft -j list ruleset`. */
export function readHandles(json: string, family: 'ip' | 'ip6'): Handles {
  const numbers = new Map<string, number>()
  const last = new Map<string, number>()
  for (const { rule } of JSON.parse(json).nftables as { rule?: Record<string, string> }[]) {
    if (rule?.family !== family) continue
    const chain = `${rule.table} ${rule.chain}`
    last.set(chain, (last.get(chain) ?? 0) + 1)
    numbers.set(`${chain} ${rule.handle}`, last.get(chain)!)
  }
  return numbers
}

/** Throws where the log and the events do not tell of the same packets. */
export function readNftTruth(
  { saved, rounds }: Played,
  events: readonly (readonly string[])[],
  handles: Handles,
): Truth {
  const lost = rounds.reduce((sum, { gathered }) => sum + gathered.lost, 0)
  if (lost > 0) throw new Error(`the kernel log was overwritten ${lost} times before it was read`)
  const arrivals = new Arrivals(rounds.map(({ gathered }) => gathered))
  const rules = readSaved(saved)
  const packets = rounds.flatMap(({ gathered }, i): Seen[] => {
    const lines = gathered.log.map(parse).filter(({ point }) => point)
    const ways = readWays(events[i]!, handles, rules)
    if (ways.length !== lines.length)
      throw new Error(`the walk is not done: ${ways.length} of ${lines.length} are there`)
    const traversals = groupLines(lines)
    return traversals.map((traversal) => {
      const steps = traversal.lines.flatMap((line) => ways[lines.indexOf(line)]!)
      return { ...traversal, steps, fate: arrivals.fate(traversal, steps, traversals) }
    })
  })
  return { saved: rules, lines: [], packets, untraced: arrivals.left }
}

function parse(text: string): Line {
  const line = readLine(text)
  if (!line) throw new Error(`no line of netfilter's: ${text}`)
  return line
}

const EVENT = /^trace id (\w+) ip6? (\S+) (\S+) (packet: |policy |verdict |rule |unknown rule handle )(.*)$/

const begins = (event: string): boolean => event.includes(` ${NFT_LAB} `) && event.includes(' rule ')

/** How many packets began their way. */
export const countWays = (events: readonly string[]): number => events.filter(begins).length

function readWays(events: readonly string[], handles: Handles, saved: Saved): Way[] {
  const ways: Way[] = []
  const byId = new Map<string, Walker>()
  /** Of the packet that comes to the next chain. */
  const headers = new Map<string, Packet>()
  for (const text of events) {
    const [, id = '', table = '', chain = '', kind, rest = ''] = EVENT.exec(text) ?? []
    if (begins(text)) {
      const way: Way = []
      ways.push(way)
      byId.set(id, { way })
    }
    if (kind === 'packet: ') headers.set(id, readHeader(rest))
    if (table === NFT_LAB || kind === 'packet: ' || kind === 'verdict ') continue
    const walker = byId.get(id)
    if (!walker || !kind) throw new Error(`the walk is not done: what is ${text}`)
    const handle =
      kind === 'policy ' ? undefined : (/# handle (\d+) \(verdict/.exec(rest)?.[1] ?? /^\d+/.exec(rest)?.[0])
    const event = { table, chain, rest, number: handle === undefined ? 0 : handles.get(`${table} ${chain} ${handle}`) }
    walker.way.push(readStep(event, walker, saved, headers.get(id)))
    headers.delete(id)
  }
  return ways
}

interface Walker {
  way: Way
  hook?: Hook
}

interface Event {
  table: string
  chain: string
  /** 0: the policy. */
  number: number | undefined
  rest: string
}

function readStep(
  { table, chain, number, rest }: Event,
  walker: Walker,
  saved: Saved,
  header: Packet | undefined,
): WalkedStep {
  if (number === undefined) throw new Error(`the walk is not done: no such rule in ${table} ${chain}: ${rest}`)
  if (IPTABLES_HOOKS[chain]) walker.hook = IPTABLES_HOOKS[chain]
  const kind = number === 0 ? 'policy' : 'rule'
  const rule = saved.get(chainKey(table, chain))!.rules[number - 1]
  const policy = rest.startsWith('drop') ? 'dropped' : 'accepted'
  const mark = kind === 'policy' ? { mark: Number(/meta mark (\w+)/.exec(rest)?.[1] ?? 0) } : {}
  return {
    line: { text: rest, point: { table, chain, type: kind, number }, packet: { ...header, ...mark } },
    kind,
    hook: walker.hook!,
    table,
    chain,
    ruleNumber: number,
    depth: 0,
    ends: kind === 'policy' ? policy : (ENDS[rule?.target ?? ''] ?? 'goes on'),
    ...(rule ? { rule } : {}),
  }
}

/** Whose addresses go by the same names. */
const withoutFrame = (text: string) => text.replaceAll(/ether [sd]addr \S+/g, '')

/** As the packet comes to a base chain; its mark is not told. */
function readHeader(text: string): Packet {
  const value = (name: string) => new RegExp(`(?:^| )${name} "?([^" ]+)`).exec(withoutFrame(text))?.[1]
  const number = (name: string) => (value(name) === undefined ? undefined : Number(value(name)))
  const fields = {
    in: value('iif'),
    out: value('oif'),
    src: value('saddr'),
    dst: value('daddr'),
    sport: number('sport'),
    dport: number('dport'),
    ttl: number('ip ttl') ?? number('ip6 hoplimit'),
  }
  return Object.fromEntries(Object.entries(fields).filter(([, one]) => one !== undefined)) as Packet
}
