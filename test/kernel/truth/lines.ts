/**
 * Lines of /dev/kmsg as plain regular expressions read them: a second reading, so that the product's own does not
 * judge itself.
 */
import { formatAddress, parseAddress } from '../../../src/model/address.ts'
import type { Packet } from '../../../src/model/packet.ts'
import { protocolName } from '../../../src/rules/iptables/protocols.ts'

export interface Line {
  text: string
  /** What TRACE says; absent for a line of LOG. */
  point?: { table: string; chain: string; type: 'rule' | 'return' | 'policy'; number: number }
  prefix?: string
  packet: Packet
}

const RECORD = /^\d+,\d+,\d+,[^;]*;(?:TRACE: (\S+?):(\S+):(rule|return|policy):(\d+) |(.*?))(IN=.*)$/

/** Undefined: not a line of netfilter's. */
export function readLine(text: string): Line | undefined {
  const match = RECORD.exec(text)
  if (!match) return undefined
  const [, table, chain, type, number, prefix, fields] = match
  const packet = readFields(fields!)
  if (table === undefined) return { text, prefix: prefix!, packet }
  return { text, point: { table, chain: chain!, type: type as 'rule', number: Number(number) }, packet }
}

const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR']

function readFields(fields: string): Packet {
  const quote = /\[(.*)\]/.exec(fields)
  const outer = fields.replace(/\[.*\]/, '')
  const value = (name: string) => new RegExp(`(?:^| )${name}=(\\S+)`).exec(outer)?.[1]
  const number = (name: string) => (value(name) === undefined ? undefined : Number(value(name)))
  const named = value('PROTO')?.toLowerCase()
  const protocol = named !== undefined && /^\d+$/.test(named) ? protocolName(Number(named)) : named
  const [header, transport = ''] = outer.split(/PROTO=\S+/)
  const inTransport = (name: string) => {
    const found = new RegExp(` ${name}=(\\d+)`).exec(transport)?.[1]
    return found === undefined ? undefined : Number(found)
  }
  const address = (name: string) => {
    const bytes = parseAddress(value(name) ?? '')
    return bytes && formatAddress(bytes)
  }
  const icmp = protocol === 'icmp' || protocol === 'icmpv6'
  const tcp = protocol === 'tcp'
  const fragment = / FRAG:(\d+)/.exec(outer)?.[1]
  const read: { [K in keyof Packet]: Packet[K] | undefined } = {
    in: value('IN'),
    out: value('OUT'),
    src: address('SRC'),
    dst: address('DST'),
    protocol,
    length: number('LEN'),
    ttl: number('TTL') ?? number('HOPLIMIT'),
    // IPv4's byte in two parts; its lowest bit is in neither
    tos: value('PREC') ? number('TOS')! | number('PREC')! : number('TC'),
    ipId: / ID=(\d+)/.test(header!) ? Number(/ ID=(\d+)/.exec(header!)![1]) : undefined,
    fragOffset: fragment === undefined ? undefined : Number(fragment) * (outer.includes('HOPLIMIT') ? 1 : 8),
    sport: number('SPT'),
    dport: number('DPT'),
    tcpSeq: tcp ? inTransport('SEQ') : undefined,
    tcpAck: tcp ? inTransport('ACK') : undefined,
    // a later fragment has none
    tcpFlags:
      tcp && !Number(fragment)
        ? FLAGS.filter((flag) => new RegExp(` ${flag} `).test(transport)).map((flag) => flag.toLowerCase())
        : undefined,
    icmpType: icmp ? number('TYPE') : undefined,
    icmpCode: icmp ? number('CODE') : undefined,
    icmpId: icmp ? inTransport('ID') : undefined,
    icmpSeq: icmp ? inTransport('SEQ') : undefined,
    inner: quote ? readFields(quote[1]!) : undefined,
    mark: quote === null && !/ LEN=/.test(outer) ? undefined : Number(value('MARK') ?? 0),
  }
  return Object.fromEntries(Object.entries(read).filter(([, one]) => one !== undefined)) as Packet
}
