/** What the model says of a row's packets, beside what the kernel did with them. */
import { compareAddresses, parseAddress } from '../../../src/model/address.ts'
import type { Packet } from '../../../src/model/packet.ts'
import type { World } from '../../../src/model/world.ts'
import { recognise } from '../../../src/read/recognise.ts'
import { WorldBuilder } from '../../../src/read/world.ts'
import { type Simulated, Simulator } from '../../../src/simulate/simulator.ts'
import { SHOWN } from './place.ts'
import type { Played, Seen } from './play.ts'
import type { Row } from './row.ts'

export interface Judged {
  differences: string[]
  /** What the model could not tell, and why. */
  open: string[]
  /** From this packet on, what the kernel drew for a connection is not known. */
  drawnAt?: number
}

/** The wire hangs on the address. */
const hideWire = (text: string, own: Packet | undefined): string =>
  own && own.dst === undefined ? text.replace(/^left by \w+/, 'left') : text

/**
 * This lab's own packets come from a raw socket, with their checksum: what rules write by its place makes it wrong, and
 * `reject` looks. Of other programs it is made last.
 */
function hideAnswer(text: string, { in: wire, dst, protocol = '' }: Packet, listed: string): string {
  const isOwn = wire === undefined && ['tcp', 'udp'].includes(protocol)
  const isSpoilt = isOwn && /(th [sd]port|@th,\d+,\d+|[a-z]+ checksum) set /.test(listed)
  // a copy that this host makes is one of what it sends
  // what answers at a device leaves by it, and rules there may stop it or write into it
  const isStopped = [' hook ingress ', ' reject ', ' hook egress '].every((words) => listed.includes(words))
  if (isStopped && text.startsWith(`left by ${wire}: ${dst} `)) return text.replace(/^[^|]+?(?= \||$)/, 'gone')
  return isStopped || isSpoilt || /dup to [\da-f]/.test(listed) ? text.replace(/^answered/, 'gone') : text
}

/** Of all chains of the tables that have such a hook. */
const rulesAtEgress = (listed: string): string[] =>
  listed
    .split(/^(?=table )/m)
    .filter((table) => table.includes(' hook egress '))
    .flatMap((table) => [...table.matchAll(/ comment "([^"]+)"/g)].map(([, name]) => name!))

/** Copies, and what is passed on by a device, leave by the bridge, where nothing else does. */
const COPIES = /(fwd|dup) to "p0"|dup to \S+ device "br0"/

/** Of base chains of several tables: which rules match hangs on it, though the packet's way does not. */
const ORDER = /^which rules match it: /

const WENT_ON: readonly string[] = ['forwarded', 'sent', 'delivered']

/** `tied`: rules of which some may be skipped when a chain of another table, of the same priority, came first. */
export function judge(
  row: Row,
  played: Exclude<Played, { refused: string }>,
  shown: readonly string[],
  tied: ReadonlySet<string> = new Set(),
): Judged {
  const machine = new Simulator(worldOf(played.listed, shown))
  const judged: Judged = { differences: [], open: [] }
  const isCopied = COPIES.test(played.listed)
  for (const [i, packet] of played.sent.entries()) {
    const simulated = machine.send(packet)
    const all = played.seen[i]!
    const seen = isCopied ? { ...all, left: all.left.filter(({ at }) => !at.startsWith('p')) } : all
    const { open } = simulated.ended
    const doubted = doubtedIn(simulated)
    for (const [rule, why] of doubted) judged.open.push(`${rule}: ${why}`)
    if (open) {
      judged.open.push(`${open.condition}: ${open.reason}`)
      continue
    }
    if (simulated.skb.moment.drawn) judged.drawnAt ??= i
    hideDrawn(simulated, ownIn(seen, packet))
    hideForgotten(simulated, ownIn(seen, packet), doubted)
    // what answers at a device leaves by it
    const isAnswered = simulated.ended.outcome === 'rejected' || answersIn(seen, packet).length > 0
    const met = isAnswered ? rulesAtEgress(played.listed) : []
    if (met.some((name) => seen.counted.includes(name))) judged.drawnAt ??= i
    const isOrdered = WENT_ON.includes(simulated.ended.outcome) && !simulated.notes.some((note) => ORDER.test(note))
    const hidden = new Set([...doubted.keys(), ...met, ...(isOrdered ? [] : tied)])
    const kernel = kernelSays(seen, packet, simulated.ended.outcome, hidden)
    const model = modelSays(simulated, played.listed, ownIn(seen, packet), hidden)
    const own = ownIn(seen, packet)
    const hide = (text: string) => hideAnswer(hideWire(text, own), packet, played.listed)
    if (hide(kernel) !== hide(model))
      judged.differences.push(`packet ${i + 1} ${JSON.stringify(row.send[i])}\nkernel: ${kernel}\nmodel:  ${model}`)
  }
  return judged
}

/** Rules that make no difference to the packet, and of which it is not known whether they matched it: comment → why. */
function doubtedIn({ notes }: Simulated): Map<string, string> {
  const found = notes.flatMap((note) => {
    const [, rule, why] = /^it is unknown whether this rule matched: .* comment "([^"]+)".*? \((.*)\)$/.exec(note) ?? []
    return rule === undefined ? [] : [[rule, why!] as const]
  })
  return new Map(found)
}

/** What a rule may have written of which it is not known whether it matched, the model does not tell. */
function hideForgotten({ packet }: Simulated, own: Packet | undefined, doubted: ReadonlyMap<string, string>): void {
  if (!own || doubted.size === 0) return
  for (const key of TOLD) if (packet[key] === undefined) delete own[key]
}

/** The model says from what the kernel draws, not what: the kernel's own has to be one of these. */
function hideDrawn({ evidence, skb }: Simulated, own: Packet | undefined): void {
  for (const { changes } of evidence.journey.steps)
    for (const { field, among } of changes) {
      const key = field as 'sport'
      const value = own?.[key] as number | string | undefined
      if (!among || value === undefined || !skb.moment.drawn?.has(key)) continue
      if (isAmong(value, among)) delete own![key]
    }
  // where no rule asked for it, nothing says from what it was drawn
  const stated = evidence.journey.steps.flatMap(({ changes }) =>
    changes.flatMap(({ field, among }) => (among ? [field] : [])),
  )
  for (const key of skb.moment.drawn ?? []) if (!stated.includes(key)) delete own?.[key]
}

function isAmong(value: number | string, [low, high]: readonly [number | string, number | string]): boolean {
  if (typeof value === 'number') return value >= Number(low) && value <= Number(high)
  const [one, from, to] = [value, String(low), String(high)].map((text) => parseAddress(text)!)
  return compareAddresses(from!, one!) <= 0 && compareAddresses(one!, to!) <= 0
}

export function worldOf(rules: string, shown: readonly string[]): World {
  const builder = new WorldBuilder()
  for (const [name, text] of [['rules', rules], ...shown.map((text, i) => [SHOWN[i]!, text])] as [string, string][]) {
    const recognised = text === '' ? undefined : recognise(text)
    if (recognised && recognised.kind !== 'capture') builder.add(name, text, recognised)
  }
  builder.world.host.conntrack = []
  return builder.world
}

const TOLD = ['src', 'dst', 'sport', 'dport', 'ttl', 'tos'] as const
/** What the frame shows: of a header cut short no ports. */
const told = (packet: Packet, shown: Packet): string =>
  TOLD.filter((key) => shown[key] !== undefined)
    .map((key) => packet[key] ?? '')
    .join(' ')

/**
 * What rejects at a device answers there; other answers end where this host sends them, and are counted. Rules may have
 * rewritten one of the packet's addresses before.
 */
function isAnswer(left: Packet, sent: Packet): boolean {
  // an answer quotes the packet, and goes to its source; an error that is passed on quotes the same as before
  if (left.inner && !sent.inner && left.inner.src === left.dst) return true
  // what goes on to where it was to go is the packet itself, whatever rules made of its source
  if (left.dst !== sent.src && (left.src !== sent.dst || left.dst === sent.dst)) return false
  if (left.tcpFlags?.includes('rst')) return !sent.tcpFlags?.includes('rst')
  // an error that is passed on to its own source quotes another kind of message than an answer to it
  return left.inner?.protocol === sent.protocol && (!sent.inner || left.inner?.icmpType === sent.icmpType)
}

const answersIn = ({ left }: Seen, sent: Packet) => left.filter(({ packet }) => isAnswer(packet, sent))

/** The packet itself, not what answers it. */
const ownIn = (seen: Seen, sent: Packet): Packet | undefined =>
  seen.left.find((one) => !answersIn(seen, sent).includes(one))?.packet

function kernelSays(seen: Seen, sent: Packet, outcome: string, hidden: ReadonlySet<string>): string {
  const { left, counted } = seen
  const answers = answersIn(seen, sent)
  const [own, ...more] = left.filter((one) => !answers.includes(one))
  // what routing throws away it may answer
  const isAnswered = (answers.length > 0 || counted.includes('answered')) && outcome !== 'vanished'
  const fate =
    outcome === 'stolen' && !counted.includes('delivered')
      ? 'stolen'
      : own
        ? `left by ${own.at}: ${told(own.packet, own.packet)}`
        : counted.includes('delivered')
          ? 'delivered'
          : isAnswered
            ? 'answered'
            : 'gone'
  const names = counted.filter((name) => name !== 'delivered' && name !== 'answered' && !hidden.has(name)).sort()
  return [fate, ...names, ...(more.length > 0 ? ['and more'] : [])].join(' | ')
}

function modelSays(
  { ended, evidence, packet }: Simulated,
  listed: string,
  own: Packet | undefined,
  hidden: ReadonlySet<string>,
): string {
  const names = evidence.journey.steps.flatMap(({ kind, rule = '' }) => {
    const comment = kind === 'rule' && / comment "([^"]+)"/.exec(rule)?.[1]
    return comment && !hidden.has(comment) && counts(comment, listed) ? [comment] : []
  })
  return [fateOf(ended.outcome, packet, own ?? packet), ...new Set(names.sort())].join(' | ')
}

const counts = (comment: string, listed: string): boolean =>
  new RegExp(`counter packets .* comment "${comment}"`).test(listed)

function fateOf(outcome: string, packet: Packet, shown: Packet): string {
  switch (outcome) {
    case 'forwarded':
    case 'sent':
      return `left by ${packet.out}: ${told(packet, shown)}`
    case 'delivered':
      return 'delivered'
    case 'rejected':
      return 'answered'
    case 'stolen':
      return 'stolen'
    default:
      return 'gone'
  }
}
