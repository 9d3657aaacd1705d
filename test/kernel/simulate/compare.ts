/** The simulated way of every packet against the lines that the kernel printed, and what became of it. */
import { explain } from '../../../src/explain/explain.ts'
import type { Evidence } from '../../../src/journey/evidence.ts'
import type { Ended } from '../../../src/journey/outcome.ts'
import { compareAddresses, parseAddress } from '../../../src/model/address.ts'
import type { ConntrackEntry, Tuple } from '../../../src/model/host.ts'
import type { Packet } from '../../../src/model/packet.ts'
import type { NamedSet } from '../../../src/model/ruleset.ts'
import type { World } from '../../../src/model/world.ts'
import { conntrack } from '../../../src/read/host/conntrack.ts'
import { ipsetSave } from '../../../src/read/host/ipset-save.ts'
import { Machine, type MachineOptions, type Simulated } from '../../../src/simulate/machine.ts'
import { buildWorld } from '../compare/explained.ts'
import type { Sent } from '../lab/lab.ts'
import type { Topology } from '../lab/topology.ts'
import { agree, identityText } from '../truth/identity.ts'
import { readTruth, type Seen, type Truth } from '../truth/truth.ts'
import type { PlayedCase } from './case.ts'

export interface Compared {
  packets: number
  lines: number
  /** The log was overwritten before it was read, or the kernel's own packets cannot be told apart. */
  lost: boolean
  /** The model said that it cannot know, and why. */
  undetermined: Map<string, number>
  differences: string[]
}

const SHOWN = ['in', 'out', 'src', 'dst', 'sport', 'dport', 'mark', 'ttl'] as const

export function compareCase(played: PlayedCase, host: Readonly<Record<string, string>>, topology: Topology): Compared {
  const compared: Compared = { packets: 0, lines: 0, lost: false, undetermined: new Map(), differences: [] }
  const truth = read(played)
  if (!truth) return { ...compared, lost: true }
  const { world } = buildWorld({ ...host, rules: played.saved, sets: played.sets.before })
  world.host.conntrack = []
  const sent = played.rounds.flatMap((round) => round.sent)
  let current: Seen | undefined
  const assume = new Ownerless()
  let unseen = false
  const choose: MachineOptions['choose'] = (field, range, lowest) => {
    const taken = chosen(current!, field, range)
    unseen ||= taken === undefined
    return taken ?? lowest
  }
  const machine = new Machine(world, {
    assume,
    choose,
  })
  const done: { seen: Seen; simulated: Simulated }[] = []
  for (const seen of truth.packets) {
    current = seen
    const at = sent.findIndex(({ packet }) => agree(packet, seen.packet))
    const { packet, own } = packetOf(seen, sent.splice(at, at < 0 ? 0 : 1)[0], topology)
    // without a chunk it has no flow
    if (packet.protocol === 'sctp') continue
    assume.own = own && packet.uid === undefined
    const answers = own ? answered(seen, done) : undefined
    const simulated = machine.send(packet, answers ? { answers } : {})
    done.push({ seen, simulated })
    // lines that hold no address of this lab are not read
    if (simulated.evidence.journey.steps.some(({ src, dst }) => src === '::1' && dst === '::1')) return compared
    // what the kernel chose is to be seen nowhere
    if (unseen) return compared
    // without a version it cannot be rewritten
    if (packet.protocol === 'gre') continue
    compared.packets++
    compared.lines += seen.lines.length
    const { open } = simulated.ended
    if (open) {
      const why = `${open.condition}: ${open.reason}`
      compared.undetermined.set(why, (compared.undetermined.get(why) ?? 0) + 1)
      // what comes later hangs on it, too
      return compared
    }
    // a rule that may or may not have matched is not shown, and what it wrote is not known
    if (simulated.notes.length > 0) {
      for (const note of simulated.notes) compared.undetermined.set(note, (compared.undetermined.get(note) ?? 0) + 1)
      return compared
    }
    const differences = compareOne(seen, simulated, world)
    if (differences.length > 0) {
      compared.differences.push(...differences)
      return compared
    }
  }
  if (truth.packets.some(({ packet: { protocol } }) => protocol !== undefined && UNCERTAIN.includes(protocol)))
    return compared
  compared.differences.push(
    ...compareConnections(played.connections, machine),
    ...compareSets(played.sets.after, machine),
  )
  return compared
}

function read(played: PlayedCase): Truth | undefined {
  try {
    return readTruth(played)
  } catch (error) {
    if (error instanceof Error && /overwritten|does not come behind|the walk is not done/.test(error.message))
      return undefined
    throw error
  }
}

/** Protocols whose packets here are none that connection tracking understands. */
const UNCERTAIN = ['sctp', 'gre']

/** The table behind the last packet. */
function compareConnections(listed: string, machine: Machine): string[] {
  const kernel = conntrack.read(listed, () => {}).host!.conntrack!.map((entry) => entryText(entry, entry.status))
  const model = [...machine.conntrack.connections].map((one) => {
    const status = [
      ...(one.flags.includes('seen-reply') ? [] : ['unreplied']),
      ...(one.flags.includes('assured') ? ['assured'] : []),
    ]
    return entryText({ ...one, ...(one.tcp ? { state: one.tcp.state } : {}) }, status)
  })
  const only = (of: string[], others: string[]) => of.filter((text) => !others.includes(text))
  const [missing, surplus] = [only(kernel, model), only(model, kernel)]
  if (missing.length + surplus.length === 0) return []
  return [
    `the connections differ\nonly the kernel has\n  ${missing.join('\n  ')}\nonly the model has\n  ${surplus.join('\n  ')}`,
  ]
}

function compareSets(saved: string, machine: Machine): string[] {
  const text = (sets: readonly NamedSet[]) =>
    sets.flatMap(({ name, elements }) => elements.map(({ parts }) => `${name} ${parts}`)).sort()
  const [kernel, model] = [text(ipsetSave.read(saved, () => {}).sets!), text(machine.world.sets)]
  if (kernel.join() === model.join()) return []
  return [`the sets differ\nkernel\n  ${kernel.join('\n  ')}\nmodel\n  ${model.join('\n  ')}`]
}

const entryText = (
  { protocol, state, original, reply, mark, zone }: ConntrackEntry,
  status: readonly string[],
): string =>
  [protocol, state, tupleText(original), tupleText(reply), [...status].sort().join(), mark ?? 0, zone ?? 0].join(' ')

const tupleText = ({ src, dst, sport, dport, icmpType, icmpCode, icmpId }: Tuple): string =>
  [src, dst, sport, dport, icmpType, icmpCode, icmpId].join('|')

/** The kernel's own packets belong to no socket that a rule could ask for. */
class Ownerless extends Map<string, boolean> {
  own = false

  override get(condition: string): boolean | undefined {
    return this.own && condition.includes('--uid-owner') ? condition.startsWith('!') : undefined
  }
}

/** As it was sent, with the interface it came by; the kernel's own packets are known from their first line alone. */
function packetOf(seen: Seen, sent: Sent | undefined, { sides, hosts }: Topology): { packet: Packet; own: boolean } {
  const { in: device } = seen.packet
  if (!sent) {
    const { text } = seen.lines[0]!
    const window = / WINDOW=(\d+)/.exec(text)?.[1]
    const tcp = window ? { tcpWindow: Number(window), tcpOptions: / OPT \((\w+)\)[^(]*$/.exec(text)?.[1] ?? '' } : {}
    // a server's first answer has the listening socket, which the log does not show
    const [, uid] = / UID=(\d+)/.exec(text) ?? (/ ACK SYN /.test(text.replace(/\[.*\]/, '')) ? ['', '0'] : [])
    const owner = uid === undefined ? {} : { uid: Number(uid), gid: Number(uid) }
    return { packet: { ...seen.packet, ...tcp, ...owner }, own: true }
  }
  if (sent.at === 'router') return { packet: { tcpOptions: '', ...sent.packet, uid: 0, gid: 0 }, own: false }
  const srcMac = hosts.find(({ side }) => side === sent.at)!.mac
  const frame = { srcMac, dstMac: sides[sent.at].mac }
  return {
    packet: { mark: 0, tcpOptions: '', ...frame, ...sent.packet, ...(device === undefined ? {} : { in: device }) },
    own: false,
  }
}

/** The packet that made the kernel send this error, or this reset of REJECT. */
function answered(seen: Seen, done: readonly { seen: Seen; simulated: Simulated }[]): Simulated | undefined {
  const { inner } = seen.packet
  if (inner) {
    const quoted = identityText(inner)
    const one = done.findLast(({ seen: { identity } }) => identity === quoted)
    // behind INPUT a packet forgets its flow, before the socket is looked for
    return one?.seen.fate.outcome === 'delivered' ? undefined : one?.simulated
  }
  if (!seen.packet.tcpFlags?.includes('rst')) return undefined
  return done.findLast(({ seen: { steps, fate } }) => {
    const { rule, line } = steps.at(-1)!
    const { packet: last } = line
    if (fate.outcome !== 'rejected' || !rule?.text.endsWith('tcp-reset')) return false
    const { tcpSeq, tcpAck, tcpFlags = [], src, dst, sport, dport } = seen.packet
    if (last.src !== dst || last.dst !== src || last.sport !== dport || last.dport !== sport) return false
    const begins = last.tcpFlags!.includes('syn') ? 1 : 0
    return tcpFlags.includes('ack') ? tcpAck! - begins === last.tcpSeq : tcpSeq === last.tcpAck
  })?.simulated
}

function isBetween(address: string, low: string, high: string): boolean {
  const [one, from, to] = [address, low, high].map((text) => parseAddress(text)!)
  return compareAddresses(from!, one!) <= 0 && compareAddresses(one!, to!) <= 0
}

/** What the kernel has taken of what it may take. */
function chosen(
  seen: Seen,
  field: string,
  [low, high]: readonly [string | number, string | number],
): string | number | undefined {
  const last = seen.steps.at(-1)!
  // a line is printed before its target acts
  if (!seen.fate.arrived && last.table === 'nat') return undefined
  const { packet } = seen.fate.arrived ?? last.line
  const taken = packet[field as 'src' | 'sport']
  if (typeof taken === 'number' && taken >= Number(low) && taken <= Number(high)) return taken
  if (typeof taken === 'string' && isBetween(taken, String(low), String(high))) return taken
  return undefined
}

/** What routing made of a packet that came in is always found; behind OUTPUT and POSTROUTING nothing is asked for. */
function isExplained(evidence: Evidence, ended: Ended, world: World): boolean {
  const { findings, steps, outcome } = explain(evidence, world, { ended })
  if (outcome !== 'vanished' || steps.at(-1)?.hook !== 'prerouting') return true
  return findings.some(({ code }) => code.startsWith('vanished-'))
}

function compareOne(seen: Seen, { evidence, ended, packet }: Simulated, world: World): string[] {
  const steps = seen.steps.filter(({ kind }) => kind !== 'log')
  const kernel = steps.map(({ line, hook, depth }) => {
    const { table, chain, type, number } = line.point!
    return [
      `${table}:${chain}:${type}:${number} ${hook} depth=${depth}`,
      ...SHOWN.map((key) => `${key}=${line.packet[key] ?? ''}`),
    ].join(' ')
  })
  // of SCTP the log shows no ports
  const isShown = (key: (typeof SHOWN)[number]) => !key.endsWith('port') || seen.packet.sport !== undefined
  const model = evidence.journey.steps.map((step) =>
    [
      `${step.table}:${step.chain}:${step.reported ?? step.kind}:${step.ruleNumber} ${step.hook} depth=${step.depth}`,
      ...SHOWN.map((key) => `${key}=${isShown(key) ? (step[key] ?? '') : ''}`),
    ].join(' '),
  )
  const differences: string[] = []
  const fail = (why: string) =>
    differences.push(
      `${why}\npacket ${JSON.stringify(seen.packet)}\nkernel (${seen.fate.outcome})\n  ${kernel.join('\n  ')}\nmodel (${ended.outcome})\n  ${model.join('\n  ')}`,
    )
  const at = kernel.findIndex((line, i) => line !== model[i])
  if (at >= 0 || kernel.length !== model.length) fail(`line ${at >= 0 ? at + 1 : kernel.length + 1} differs`)
  else if (ended.outcome !== seen.fate.outcome) fail('the outcome differs')
  else if (!isExplained(evidence, ended, world)) fail('it vanished, and no finding says why')
  else if (seen.fate.arrived) {
    const { packet: arrived } = seen.fate.arrived
    for (const key of ['src', 'dst', 'sport', 'dport', 'ttl', 'tos', 'icmpId'] as const)
      if (arrived[key] !== undefined && packet[key] !== undefined && arrived[key] !== packet[key])
        fail(`it arrived with ${key} ${arrived[key]}, the model says ${packet[key]}`)
  }
  return differences
}
