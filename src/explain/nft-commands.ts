/** The nft commands that fixes propose for rules in nft's words, each with the one that takes it back. */
import { nftCommand } from '../edits/nft/print.ts'
import type { RuleRef } from '../model/journey.ts'
import { isNameless, type Packet } from '../model/packet.ts'
import type { Command, Told } from './commands.ts'

/** The kernel gives a new rule its handle, so its comment says which one to take away. */
const COMMENT = 'nfwhy'

const placeOf = ({ family, table, chain }: RuleRef): string => `${family} ${table} ${chain}`

/** What nft prints where it has no words for an iptables-nft rule; it does not read that again. */
const UNSPEAKABLE = /(?:^| )xt (?:match|target|watcher) /

/** Put back behind the rule that it stood behind; undefined where its handle is not known, or words that nft would read. */
export function deleteNftRule(ref: RuleRef): Command | undefined {
  const { handle, ruleNumber, rule } = ref
  if (handle === undefined || ruleNumber === undefined || rule === undefined) return undefined
  if (UNSPEAKABLE.test(rule)) return undefined
  const place = placeOf(ref)
  const back = ruleNumber === 1 ? `insert rule ${place}` : `add rule ${place} index ${ruleNumber - 2}`
  return { command: nftCommand(`delete rule ${place} handle ${handle}`), undo: nftCommand(`${back} ${rule}`) }
}

/** Before the rule, or at the chain's end where it is a policy; undefined where its place is not known. */
export function nftRuleBefore(ref: RuleRef, rule: string): Command | undefined {
  const isPolicy = ref.rule === undefined || ref.rule.startsWith('policy ')
  if (!isPolicy && ref.handle === undefined) return undefined
  const place = placeOf(ref)
  const command = isPolicy ? `add rule ${place}` : `insert rule ${place} handle ${ref.handle}`
  const told = / comment "/.test(rule) ? undefined : `${rule} comment ${COMMENT}`
  if (told === undefined) return undefined
  const list = nftCommand(`list chain ${place}`).replace(/^nft /, 'nft -a ')
  const find = `awk '/ comment "${COMMENT}" / { print $NF; exit }'`
  return {
    command: nftCommand(`${command} ${told}`),
    undo: `${nftCommand(`delete rule ${place} handle`)} $(${list} | ${find})`,
  }
}

/** `ip saddr … tcp dport 80 accept` before the rule. Families without such packets have no command. */
export function acceptBeforeNft(ref: RuleRef, packet: Packet, told: Told): Command | undefined {
  const match = nftMatch(packet, told)
  const isIp = ref.family === 'inet' || ref.family === 'ip' || ref.family === 'ip6'
  return isIp && match !== undefined ? nftRuleBefore(ref, `${match} accept`) : undefined
}

export function setNftPolicy(ref: RuleRef, policy: string, old: string): Command {
  const command = (verdict: string) =>
    `${nftCommand(`add chain ${placeOf(ref)}`)} '{ policy ${verdict.toLowerCase()}; }'`
  return { command: command(policy), undo: command(old) }
}

/** A rule's conditions that choose this packet and its like, as packetMatch of commands.ts does. */
function nftMatch(packet: Packet, { hook, answer, rewritten }: Told): string | undefined {
  const { src, dst, protocol, icmpType } = packet
  if (src === undefined || dst === undefined) return undefined
  const ip = src.includes(':') ? 'ip6' : 'ip'
  const words = [`${ip} saddr ${src} ${ip} daddr ${dst}`]
  if (packet.in !== undefined && !isNameless(packet.in) && hook !== 'postrouting' && hook !== 'output')
    words.push(`iifname ${deviceWord(packet.in)}`)
  if (packet.out !== undefined && !isNameless(packet.out) && hook !== 'prerouting' && hook !== 'input')
    words.push(`oifname ${deviceWord(packet.out)}`)
  const [option, port] = answer ? ['sport', packet.sport] : ['dport', packet.dport]
  if (port !== undefined && protocol !== undefined) words.push(`${protocol} ${option} ${port}`)
  else if ((protocol === 'icmp' || protocol === 'icmpv6') && icmpType !== undefined)
    words.push(`${protocol} type ${icmpType}`)
  else if (protocol !== undefined) words.push(`meta l4proto ${protocol === 'icmpv6' ? 'ipv6-icmp' : protocol}`)
  if (rewritten) words.push('ct status dnat')
  return words.join(' ')
}

/** Names like eth0 are no words of nft's language. */
const deviceWord = (name: string): string => (/^[a-z]+[a-z0-9.-]*\d$/.test(name) ? name : `"${name}"`)
