/** Which packets of an incident are traced, as conditions in nft's and in iptables' words. */
import type { Incident, Sending } from './incident.ts'
import { sendingsOf } from './send.ts'

/** What is sent; or, where these are in question, the answers to it. */
interface Marked {
  sending: Sending
  answer: boolean
}

const markedOf = (incident: Incident): Marked[] =>
  sendingsOf(incident).map((sending) => ({ sending, answer: incident.asks === 'answer' }))

/** One rule's conditions each. */
export const nftMatches = (incident: Incident): string[] => [...new Set(markedOf(incident).map(nftMatch))]

export function iptablesMatches(incident: Incident): { six: boolean; words: string[] }[] {
  const all = markedOf(incident).map((one) => ({ six: isSix(one), words: iptablesMatch(one) }))
  return [...new Map(all.map((one) => [one.words.join(' '), one])).values()]
}

const isSix = ({ sending }: Marked): boolean => sending.to.includes(':')

function nftMatch(marked: Marked): string {
  const { sending, answer } = marked
  const six = isSix(marked)
  const end = `${six ? 'ip6' : 'ip'} ${answer ? 's' : 'd'}addr ${sending.to}`
  if (sending.what === 'ping') return `${end} ${six ? 'icmpv6' : 'icmp'} type echo-${answer ? 'reply' : 'request'}`
  const port = `${answer ? 's' : 'd'}port ${sending.port}`
  if (sending.what === 'udp') return `${end} udp ${port}`
  return `${end} tcp ${port} tcp flags & (syn | ack) == ${answer ? '(syn | ack)' : 'syn'}`
}

function iptablesMatch(marked: Marked): string[] {
  const { sending, answer } = marked
  const end = [answer ? '-s' : '-d', sending.to]
  if (sending.what === 'ping') {
    const type = `echo-${answer ? 'reply' : 'request'}`
    return [
      ...end,
      ...(isSix(marked) ? ['-p', 'ipv6-icmp', '--icmpv6-type', type] : ['-p', 'icmp', '--icmp-type', type]),
    ]
  }
  const port = [answer ? '--sport' : '--dport', String(sending.port)]
  if (sending.what === 'udp') return [...end, '-p', 'udp', ...port]
  return [...end, '-p', 'tcp', ...port, '--tcp-flags', 'SYN,ACK', answer ? 'SYN,ACK' : 'SYN']
}
