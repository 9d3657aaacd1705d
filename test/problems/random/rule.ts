/** Rules as data, printed for iptables-restore and for nft. */

export type Family = 'ip' | 'ip6'

export interface Match {
  s?: string
  d?: string
  i?: string
  o?: string
  /** Does `s`, `d`, `i` or `o` stand behind a `!`? */
  not?: 's' | 'd' | 'i' | 'o'
  protocol?: 'tcp' | 'udp' | 'icmp'
  dports?: readonly number[]
  sport?: number
  ct?: readonly ('NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID')[]
  mark?: number
  /** With `protocol: 'tcp'`: SYN alone. */
  syn?: true
  /** Conntrack has rewritten the destination. */
  dnat?: true
  /** To an address of this machine. */
  local?: true
  /** What each tool calls it. */
  more?: Text
}

/** The same in the words of both. */
export interface Text {
  iptables: string
  nft: string
}

export type Target =
  | { kind: 'accept' | 'drop' | 'return' | 'masquerade' | 'notrack' | 'log' }
  | { kind: 'reject'; reset?: true }
  | { kind: 'jump' | 'goto'; chain: string }
  | { kind: 'dnat'; to: string; port?: number }
  | { kind: 'redirect'; port: number }
  | { kind: 'snat'; to: string }
  | { kind: 'mark'; value: number }
  | ({ kind: 'other' } & Text)

export interface Rule {
  match: Match
  target: Target
}

const bracketed = (address: string, port?: number): string =>
  port === undefined ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

export function printIptables({ match, target }: Rule, family: Family): string {
  const words: string[] = []
  for (const option of ['s', 'd', 'i', 'o'] as const) {
    const value = match[option]
    if (value !== undefined) words.push(...(match.not === option ? ['!'] : []), `-${option}`, value)
  }
  const { protocol, dports = [], sport, ct, mark } = match
  if (protocol) words.push('-p', protocol === 'icmp' && family === 'ip6' ? 'ipv6-icmp' : protocol)
  if (dports.length > 1) words.push('-m multiport --dports', dports.join(','))
  // one match for all: iptables-save prints two as if they were one, and only nft shows which it was
  const own: string[] = []
  if (sport !== undefined) own.push(`--sport ${sport}`)
  if (dports.length === 1) own.push(`--dport ${dports[0]}`)
  if (match.syn) own.push('--tcp-flags FIN,SYN,RST,ACK SYN')
  if (own.length > 0) words.push(`-m ${protocol}`, ...own)
  if (ct) words.push('-m conntrack --ctstate', ct.join(','))
  if (match.dnat) words.push('-m conntrack --ctstate DNAT')
  if (mark !== undefined) words.push(`-m mark --mark 0x${mark.toString(16)}`)
  if (match.local) words.push('-m addrtype --dst-type LOCAL')
  if (match.more) words.push(match.more.iptables)
  return [...words, '-j', ...iptablesTarget(target, family)].join(' ').replace('-j -g', '-g')
}

function iptablesTarget(target: Target, family: Family): string[] {
  switch (target.kind) {
    case 'jump':
      return [target.chain]
    case 'goto':
      return ['-g', target.chain]
    case 'reject':
      if (target.reset) return ['REJECT --reject-with tcp-reset']
      return [`REJECT --reject-with ${family === 'ip' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable'}`]
    case 'dnat':
      return ['DNAT --to-destination', bracketed(target.to, target.port)]
    case 'redirect':
      return ['REDIRECT --to-ports', String(target.port)]
    case 'snat':
      return ['SNAT --to-source', target.to]
    case 'mark':
      return [`MARK --set-xmark 0x${target.value.toString(16)}/0xffffffff`]
    case 'notrack':
      return ['CT --notrack']
    case 'other':
      return [target.iptables]
    default:
      return [target.kind.toUpperCase()]
  }
}

export function printNft({ match, target }: Rule, family: Family): string {
  const words: string[] = []
  const ask = (option: keyof Match, field: string) => {
    if (match[option] !== undefined) words.push(field, ...(match.not === option ? ['!='] : []), String(match[option]))
  }
  ask('s', `${family} saddr`)
  ask('d', `${family} daddr`)
  ask('i', 'iifname')
  ask('o', 'oifname')
  const { protocol, dports = [], sport, ct, mark } = match
  if (protocol === 'icmp') words.push('meta l4proto', family === 'ip' ? 'icmp' : 'ipv6-icmp')
  else if (protocol && dports.length === 0) words.push('meta l4proto', protocol)
  if (dports.length > 1) words.push(`${protocol} dport { ${dports.join(', ')} }`)
  else if (dports.length === 1) words.push(`${protocol} dport ${dports[0]}`)
  if (sport !== undefined) words.push(`${protocol} sport ${sport}`)
  if (match.syn) words.push('tcp flags & (fin | syn | rst | ack) == syn')
  if (ct) words.push(`ct state ${ct.join(',').toLowerCase()}`)
  if (match.dnat) words.push('ct status dnat')
  if (mark !== undefined) words.push(`meta mark ${mark}`)
  if (match.local) words.push('fib daddr type local')
  if (match.more) words.push(match.more.nft)
  return [...words, nftTarget(target)].join(' ')
}

export const nftChain = (name: string): string => name.toLowerCase().replaceAll('-', '_')

function nftTarget(target: Target): string {
  switch (target.kind) {
    case 'jump':
    case 'goto':
      return `${target.kind} ${nftChain(target.chain)}`
    case 'reject':
      return target.reset ? 'reject with tcp reset' : 'reject with icmpx port-unreachable'
    case 'dnat':
      return `dnat to ${bracketed(target.to, target.port)}`
    case 'redirect':
      return `redirect to :${target.port}`
    case 'snat':
      return `snat to ${target.to}`
    case 'mark':
      return `meta mark set ${target.value}`
    case 'other':
      return target.nft
    default:
      return target.kind
  }
}
