/** `tcp`, `icmp6`, `ip` … where they stand alone (libpcap, gencode.c gen_proto_abbrev). */
import type { Condition } from '../model/condition.ts'

type IpFamily = 'ip' | 'ip6'

/** The protocol's name as conditions have it, and the family where it belongs to one. */
const PROTOCOLS: Readonly<Record<string, [name: string, family?: IpFamily]>> = {
  tcp: ['tcp'],
  udp: ['udp'],
  sctp: ['sctp'],
  icmp: ['icmp', 'ip'],
  icmp6: ['icmpv6', 'ip6'],
  igmp: ['igmp', 'ip'],
  ah: ['ah'],
  esp: ['esp'],
  pim: ['pim'],
  vrrp: ['vrrp', 'ip'],
}

/** All of them; `ip` and `ip6` are families, and go before `host`, `net` and `proto` too. */
export const PROTOCOL_WORDS: readonly string[] = [...Object.keys(PROTOCOLS), 'ip', 'ip6']

export function protocolCondition(word: string): Condition {
  if (word === 'ip' || word === 'ip6') return { ...ofFamily(word), text: word }
  const [name, family] = PROTOCOLS[word]!
  return { ...withProtocol(name, family), text: word }
}

export function withProtocol(name: string, family: IpFamily | undefined): Condition {
  const protocol: Condition = { kind: 'compare', field: 'meta l4proto', op: '==', value: name }
  return family === undefined ? protocol : { kind: 'all', of: [ofFamily(family), protocol] }
}

const ofFamily = (family: IpFamily): Condition => ({
  kind: 'compare',
  field: 'meta nfproto',
  op: '==',
  value: family === 'ip' ? 'ipv4' : 'ipv6',
})
