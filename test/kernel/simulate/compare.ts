/** The simulated way of every packet against the lines that the kernel printed, and what became of it. */
import { explain } from '../../../src/explain/explain.ts'
import { compareAddresses, inPrefix, parseAddress } from '../../../src/model/address.ts'
import type { ConntrackEntry, Host, Tuple } from '../../../src/model/host.ts'
import type { Step } from '../../../src/model/journey.ts'
import type { Packet } from '../../../src/model/packet.ts'
import type { NamedSet } from '../../../src/model/ruleset.ts'
import type { World } from '../../../src/model/world.ts'
import { conntrack } from '../../../src/read/host/conntrack.ts'
import { ipsetSave } from '../../../src/read/host/ipset-save.ts'
import { type Simulated, Simulator, type SimulatorOptions } from '../../../src/simulate/simulator.ts'
import { buildWorld } from '../compare/explained.ts'
import type { Sent } from '../lab/lab.ts'
import type { Topology } from '../lab/topology.ts'
import { isOutcome } from '../truth/fate.ts'
import { agree, identityText } from '../truth/identity.ts'
import { readNftTruth } from '../truth/nft.ts'
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

export function compareCase(played: PlayedCase, host: Host, topology: Topology): Compared {
  const compared: Compared = { packets: 0, lines: 0, lost: false, undetermined: new Map(), differences: [] }
  const truth = read(played)
  if (!truth) return { ...compared, lost: true }
  const { world } = buildWorld({ rules: played.saved, sets: played.sets.before })
  world.host = { ...host, conntrack: [] }
  const sent = played.rounds.flatMap((round) => round.sent)
  let current: Seen | undefined
  const assume = new Ownerless()
  let unseen = false
  const choose: SimulatorOptions['choose'] = (field, range, lowest) => {
    const taken = chosen(current!, field, range)
    unseen ||= taken === undefined
    return taken ?? lowest
  }
  const machine = new Simulator(world, {
    assume,
    choose,
  })
  const done: { seen: Seen; simulated: Simulated }[] = []
  for (const seen of truth.packets) {
    current = seen
    const at = sent.findIndex((one) => isThis(one, seen))
    // xtables-monitor tells of what it did not get in time as little as of what it lost
    if (played.nft && isCut(seen, world)) return { ...compared, lost: true }
    const { packet, own } = packetOf(seen, sent.splice(at, at < 0 ? 0 : 1)[0], topology)
    // without a chunk it has no flow; nor has what answers it
    if (packet.protocol === 'sctp' || packet.inner?.protocol === 'sctp') {
      // what it used up of a limit is not known
      if (/ -m (limit|hashlimit|quota) | -j SET /.test(played.saved)) return compared
      continue
    }
    assume.own = own && packet.uid === undefined
    const answers = own ? answered(seen, done) : undefined
    const simulated = machine.send(packet, answers ? { answers } : {})
    done.push({ seen, simulated })
    // lines that hold no address of this lab are not read
    if (simulated.evidence.journey.steps.some(({ src, dst }) => src === '::1' && dst === '::1')) return compared
    // what the kernel chose is to be seen nowhere
    if (unseen) return compared
    const { open } = simulated.ended
    if (open) {
      const why = `${open.condition}: ${open.reason}`
      compared.undetermined.set(why, (compared.undetermined.get(why) ?? 0) + 1)
      // what comes later hangs on it, too
      return compared
    }
    // without a version it cannot be rewritten
    if (packet.protocol === 'gre') continue
    compared.packets++
    compared.lines += seen.lines.length
    // a rule that may or may not have matched is not shown, and what it wrote is not known
    const notes = simulated.notes.filter((note) => !note.endsWith('assumed unused before the first packet'))
    if (notes.length > 0) {
      for (const note of notes) compared.undetermined.set(note, (compared.undetermined.get(note) ?? 0) + 1)
      return compared
    }
    // what prefix translation makes of an address may be one that nobody has
    const isSent = simulated.ended.outcome === 'sent' || simulated.ended.outcome === 'forwarded'
    const isLost = seen.fate.outcome === 'vanished' && isSent && isNobodys(simulated.packet.dst, topology)
    const differences = compareOne(seen, simulated, world, played.nft ? nftLines : legacyLines, isLost)
    if (differences.length > 0) {
      compared.differences.push(...differences)
      return compared
    }
    if (isLost) return compared
  }
  if (truth.packets.some(({ packet: { protocol } }) => protocol !== undefined && UNCERTAIN.includes(protocol)))
    return compared
  compared.differences.push(
    ...compareConnections(played.connections, machine),
    ...compareSets(played.sets.after, machine),
  )
  return compared
}

/** An address of IPv6 on a link, and none of the lab's. */
function isNobodys(dst: string | undefined, { sides, hosts, own, neighbours }: Topology): boolean {
  const links = Object.values(sides).filter(({ net6 }) => dst !== undefined && isOf(dst, net6))
  const known = [...own.ip6, ...hosts.map(({ ip6 }) => ip6)]
  const numbered = links.flatMap(({ ip6 }) => neighbours.map((n) => ip6.replace(/1$/, String(n))))
  return links.length > 0 && ![...known, ...numbered].some((one) => sameAddress(one, dst!))
}

function isOf(address: string, net: string): boolean {
  const [network = '', length] = net.split('/')
  return inPrefix(parseAddress(address)!, parseAddress(network)!, Number(length))
}

const sameAddress = (a: string, b: string): boolean => compareAddresses(parseAddress(a)!, parseAddress(b)!) === 0

/** Its first line shows it as it was sent, at the end where it was sent. */
const isThis = ({ at, packet }: Sent, seen: Seen): boolean =>
  (at === 'router') === (seen.packet.in === undefined || seen.packet.in === 'lo') &&
  (packet.src === undefined || packet.src === seen.packet.src) &&
  agree(packet, seen.packet)

/** It has left, so it has passed POSTROUTING; and no event shows that. */
const isCut = ({ fate, steps }: Seen, { tables }: World): boolean =>
  (fate.outcome === 'forwarded' || fate.outcome === 'sent') &&
  steps.at(-1)?.hook !== 'postrouting' &&
  tables.some(({ chains }) => chains.has('POSTROUTING') && chains.get('POSTROUTING')?.type !== 'nat')

function read(played: PlayedCase): Truth | undefined {
  try {
    return played.nft ? readNftTruth(played, played.nft.events, played.nft.handles) : readTruth(played)
  } catch (error) {
    if (error instanceof Error && /overwritten|does not come behind|the walk is not done/.test(error.message))
      return undefined
    throw error
  }
}

/** Protocols whose packets here are none that connection tracking understands. */
const UNCERTAIN = ['sctp', 'gre']

/** The table behind the last packet. */
function compareConnections(listed: string, machine: Simulator): string[] {
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

function compareSets(saved: string, machine: Simulator): string[] {
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
  return done.findLast(({ seen: one }) => {
    const { steps, fate } = one
    const { rule } = steps.at(-1)!
    const last = lastPacket(one)
    if (fate.outcome !== 'rejected' || !rule?.text.endsWith('tcp-reset')) return false
    const { tcpSeq, tcpAck, tcpFlags = [], src, dst, sport, dport } = seen.packet
    if (last.src !== dst || last.dst !== src || last.sport !== dport || last.dport !== sport) return false
    const begins = last.tcpFlags!.includes('syn') ? 1 : 0
    return tcpFlags.includes('ack') ? tcpAck! - begins === last.tcpSeq : tcpSeq === last.tcpAck
  })?.simulated
}

/** As it was at the last line that tells something of it. */
const lastPacket = ({ packet, steps }: Seen): Packet =>
  Object.assign({ ...packet }, ...steps.map(({ line }) => line.packet))

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
  // nor do events of nft show the id of an echo
  if (!seen.fate.arrived && field === 'icmpId' && last.line.packet.icmpId === undefined) return undefined
  const packet = seen.fate.arrived?.packet ?? lastPacket(seen)
  const taken = packet[field as 'src' | 'sport']
  if (typeof taken === 'number' && taken >= Number(low) && taken <= Number(high)) return taken
  if (typeof taken === 'string' && isBetween(taken, String(low), String(high))) return taken
  return undefined
}

/** What routing made of a packet that came in is always found; behind OUTPUT and POSTROUTING nothing is asked for. */
function isExplained({ evidence, ended, skb }: Simulated, world: World): boolean {
  if (ended.outcome !== 'vanished' || skb.hook !== 'prerouting') return true
  // what came in a frame for several and is not for this host: no finding tells that yet
  if (Number.parseInt(skb.packet.dstMac?.slice(0, 2) ?? '0', 16) & 1) return true
  const { findings } = explain(evidence, world, { ended })
  return findings.some(({ code }) => code.startsWith('vanished-'))
}

interface Lines {
  kernel: string[]
  model: string[]
}

/** TRACE lines, and what the model would print. */
function legacyLines(seen: Seen, steps: readonly Step[]): Lines {
  const kernel = seen.steps
    .filter(({ kind }) => kind !== 'log')
    .map(({ line, hook, depth }) => {
      const { table, chain, type, number } = line.point!
      return `${table}:${chain}:${type}:${number} ${hook} depth=${depth} ${shown(line.packet, seen)}`
    })
  const model = steps.map(
    (step) =>
      `${step.table}:${step.chain}:${step.reported ?? step.kind}:${step.ruleNumber} ${step.hook} depth=${step.depth} ${shown(step, seen)}`,
  )
  return { kernel, model }
}

/**
 * Events of nft: the end of a user chain has none, the packet is shown only as it comes to a base chain, and its mark
 * only at the policy.
 */
function nftLines(seen: Seen, steps: readonly Step[]): Lines {
  const told = ({ src, mark }: Packet, packet: Shown) =>
    `${src === undefined ? '' : shown({ ...packet, mark: undefined }, seen)} ${mark === undefined ? '' : `mark=${packet.mark}`}`
  const kernel = seen.steps.map(
    ({ table, chain, kind, ruleNumber, hook, line: { packet } }) =>
      `${table}:${chain}:${kind}:${ruleNumber} ${hook} ${told(packet, packet)}`,
  )
  const model = steps
    // an event is told behind the rule, with what the rule has made of the packet
    .map((step, i) => {
      const { ttl, src, dst, hook, table } = steps[i + 1] ?? step
      return { step, after: hook === step.hook && table === step.table ? { ...step, ttl, src, dst } : step }
    })
    .filter(({ step: { kind } }) => kind !== 'return')
    .map(({ step: { table, chain, kind, ruleNumber, hook }, after }, i) => {
      const number = kind === 'policy' ? 0 : ruleNumber
      return `${table}:${chain}:${kind}:${number} ${hook} ${told(seen.steps[i]?.line.packet ?? {}, after)}`
    })
  return { kernel, model }
}

type Shown = { [K in (typeof SHOWN)[number]]?: Packet[K] | undefined }

function shown(packet: Shown, seen: Seen): string {
  // of SCTP the log shows no ports, nor nft of any fragment
  const { sport, fragOffset } = seen.packet
  const hasPorts = sport !== undefined && fragOffset === undefined
  const isShown = (key: (typeof SHOWN)[number]) => !key.endsWith('port') || hasPorts
  return SHOWN.map((key) => `${key}=${isShown(key) ? (packet[key] ?? '') : ''}`).join(' ')
}

/** `isLost`: it left by all chains, and nobody on the link has its address. */
function compareOne(
  seen: Seen,
  simulated: Simulated,
  world: World,
  read: typeof legacyLines,
  isLost: boolean,
): string[] {
  const { evidence, ended, packet } = simulated
  const { kernel, model } = read(seen, evidence.journey.steps)
  const differences: string[] = []
  const fail = (why: string) =>
    differences.push(
      `${why}\npacket ${JSON.stringify(seen.packet)}\nkernel (${seen.fate.outcome})\n  ${kernel.join('\n  ')}\nmodel (${ended.outcome})\n  ${model.join('\n  ')}`,
    )
  const at = kernel.findIndex((line, i) => line !== model[i])
  if (at >= 0 || kernel.length !== model.length) fail(`line ${at >= 0 ? at + 1 : kernel.length + 1} differs`)
  else if (!isLost && !isOutcome(ended.outcome, seen.fate)) fail('the outcome differs')
  else if (!isExplained(simulated, world)) fail('it vanished, and no finding says why')
  else if (seen.fate.arrived) {
    const { packet: arrived } = seen.fate.arrived
    for (const key of ['src', 'dst', 'sport', 'dport', 'ttl', 'tos', 'icmpId'] as const)
      if (arrived[key] !== undefined && packet[key] !== undefined && arrived[key] !== packet[key])
        fail(`it arrived with ${key} ${arrived[key]}, the model says ${packet[key]}`)
  }
  return differences
}
