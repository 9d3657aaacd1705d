/** Packets that a stranger's rules could be asked about: each fits one of their rules, and a host of the made network. */
import type { Packet } from '../../../src/model/packet.ts'
import type { Random } from '../../kernel/generate/random.ts'
import { isIn, type MadeHost, type Net, toIp, toNumber } from './host.ts'

/** `rules`: one on each line, in either language. */
export function makeProbes(rules: readonly string[], host: MadeHost, random: Random, count: number): Packet[] {
  return Array.from({ length: count }, () => probe(random.pick(rules), host, random))
}

function probe(rule: string, host: MadeHost, random: Random): Packet {
  const word = (pattern: RegExp) => pattern.exec(rule)?.[1]
  const listed = (text: string | undefined) => (text === undefined ? undefined : random.pick(text.split(',')).trim())
  const protocol =
    word(/(?:-p|ip protocol|meta l4proto|^) ?(tcp|udp|icmp)\b/) ??
    word(/\b(tcp|udp) [ds]port/) ??
    random.pick(['tcp', 'tcp', 'udp', 'icmp'])
  const ports = listed(word(/--dports? ([\d,:]+)/) ?? word(/dport \{? ?([\d, -]+)/))
  const dport = ports === undefined ? random.pick([22, 80, 443, 53, 8080]) : Number(ports.split(/[:-]/)[0])
  const device = word(/(?<!! )-i ([\w.-]+)(?=\s|$)/) ?? word(/iif(?:name)? \{? ?"?([\w.-]+)"?/)
  const from = device !== undefined && host.devices.includes(device) ? device : random.pick(host.devices)
  const source = word(/(?<!! )-s ([\d./]+)/) ?? word(/saddr ([\d./]+)/)
  const destination = word(/(?<!! )-d ([\d./]+)/) ?? word(/daddr ([\d./]+)/)
  const someNet = (of?: string) => random.pick(host.nets.filter(({ device: at }) => of === undefined || at === of))
  const inNet = ({ base, bits }: Pick<Net, 'base' | 'bits'>) =>
    toIp(base + random.int(20, Math.min(99, 2 ** (32 - bits) - 2)))
  const within = (text: string) => {
    const [ip, bits = '32'] = text.split('/') as [string, string?]
    if (Number(bits) >= 30 || Number(bits) < 8) return ip
    return toIp(toNumber(ip) + random.int(5, 60))
  }
  const own = [...host.own.values()].flat().map((one) => one.split('/')[0]!)
  const src =
    source !== undefined && !/^(0|127|22[4-9]|2[345])/.test(source)
      ? within(source)
      : from === host.wan && random.chance(0.7)
        ? '203.0.113.77'
        : inNet(someNet(from))
  const dst =
    destination !== undefined && !/^(0|127)/.test(destination)
      ? within(destination)
      : random.chance(0.4)
        ? random.pick(own)
        : random.chance(0.4)
          ? '203.0.113.99'
          : inNet(someNet())
  // it comes by the way that leads back to it
  const at = host.nets.find((net) => isIn(toNumber(src), net))?.device ?? host.wan
  return {
    ...{ in: at, src, dst, protocol },
    ...(protocol === 'icmp'
      ? { icmpType: 8, icmpCode: 0, icmpId: 77, icmpSeq: 1 }
      : { sport: random.int(40_000, 60_000), dport }),
    ...(protocol === 'tcp' ? { tcpFlags: ['syn'] as const, tcpOptions: '020405B4' } : {}),
  } as Packet
}
