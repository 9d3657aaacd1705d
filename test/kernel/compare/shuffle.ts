/** The same lines as other CPUs could have mixed them: packets among each other, the lines of one packet in order. */
import type { Random } from '../generate/random.ts'
import { identityText } from '../truth/identity.ts'
import type { Seen } from '../truth/truth.ts'

/** `last` stays behind all others. The log's own numbers and times stay in their order. */
export function shuffleLines(random: Random, packets: readonly Seen[], last: ReadonlySet<Seen>): string[] {
  const mixed = [false, true].flatMap((behind) =>
    mix(
      random,
      packets.filter((seen) => last.has(seen) === behind),
    ),
  )
  const heads = together(
    mixed.map((text) => text.slice(0, text.indexOf(';'))).sort((a, b) => numberOf(a) - numberOf(b)),
  )
  return mixed.map((text, i) => heads[i]! + text.slice(text.indexOf(';')))
}

/** Microseconds from the first line to the last: less than what ends a packet that no line comes of any more. */
const LONGEST = 500_000

/** `4,1234,567890,-`: on a busy machine the lines took longer, and packets that are mixed would end between theirs. */
function together(heads: readonly string[]): string[] {
  const times = heads.map((head) => Number(head.split(',')[2]))
  const [first = 0] = times
  const scale = Math.min(1, LONGEST / Math.max(1, times.at(-1)! - first))
  return heads.map((head, i) => {
    const [priority, number, , ...rest] = head.split(',')
    return [priority, number, first + Math.floor((times[i]! - first) * scale), ...rest].join(',')
  })
}

function mix(random: Random, packets: readonly Seen[]): string[] {
  const queues = new Map<string, string[]>()
  const alike = likeness(packets)
  for (const seen of packets) {
    const queue = queues.get(alike(seen)) ?? []
    queues.set(alike(seen), [...queue, ...seen.lines.map(({ text }) => text)])
  }
  const mixed: string[] = []
  for (let left = [...queues.values()]; left.length > 0; left = left.filter((queue) => queue.length > 0))
    mixed.push(random.pick(left).shift()!)
  return mixed
}

/**
 * The same text for packets that are not told apart while they are under way at once: sent again, errors of ICMPv6 that
 * differ in nothing but the packet they quote, and what LOG prints without sequence numbers of one TCP flow.
 */
export function likeness(packets: readonly Seen[]): (seen: Seen) => string {
  const logged = new Set(packets.filter(({ lines }) => lines.some(({ point }) => !point)).map(withoutNumbers))
  return (seen) => {
    const { inner: _, ...packet } = seen.packet
    return logged.has(withoutNumbers(seen)) ? withoutNumbers(seen) : identityText(packet)
  }
}

function withoutNumbers({ packet: { inner: _, tcpSeq: __, tcpAck: ___, ...packet } }: Seen): string {
  return [identityText(packet), packet.src, packet.dst, packet.sport, packet.dport].join(' ')
}

const numberOf = (head: string) => Number(head.split(',')[1])
