/** The nft commands that fixes propose for rules in nft's words, each with the one that takes it back. */
import { nftArguments, nftName, nftSentence, nftString } from '../edits/nft/print.ts'
import { command, outputOf, piped, type Word } from '../model/command.ts'
import type { RuleRef } from '../model/journey.ts'
import { isNameless, type Packet } from '../model/packet.ts'
import type { Change, Told } from './commands.ts'
import { addressWord, deviceWord, protocolWord } from './words.ts'

/** The kernel gives a new rule its handle, so its comment says which one to take away. */
const COMMENT = 'nfwhy'

const placeOf = ({ family, table, chain }: RuleRef): Word[] => [family, nftName(table), nftName(chain)]

/** What nft prints where it has no words for an iptables-nft rule; it does not read that again. */
const UNSPEAKABLE = /(?:^| )xt (?:match|target|watcher) /

/** Put back behind the rule that it stood behind; undefined where its handle is not known, or words that nft would read. */
export function deleteNftRule(ref: RuleRef): Change | undefined {
  const { handle, ruleNumber, rule } = ref
  if (handle === undefined || ruleNumber === undefined || rule === undefined) return undefined
  if (UNSPEAKABLE.test(rule)) return undefined
  const place = placeOf(ref)
  const back = ruleNumber === 1 ? ['insert', 'rule', ...place] : ['add', 'rule', ...place, `index ${ruleNumber - 2}`]
  return { command: nftSentence('delete rule', ...place, `handle ${handle}`), undo: nftSentence(...back, rule) }
}

/** Before the rule, or at the chain's end where it is a policy; undefined where its place is not known. */
export function nftRuleBefore(ref: RuleRef, ...rule: Word[]): Change | undefined {
  const isPolicy = ref.rule === undefined || ref.rule.startsWith('policy ')
  if (!isPolicy && ref.handle === undefined) return undefined
  const place = placeOf(ref)
  const before = isPolicy ? ['add rule', ...place] : ['insert rule', ...place, `handle ${ref.handle}`]
  if (rule.some((part) => typeof part === 'string' && / comment "/.test(part))) return undefined
  const find = command('awk', `/ comment "${COMMENT}" / { print $NF; exit }`)
  const list = command('nft', '-a', 'list', 'chain', ...place)
  return {
    command: nftSentence(...before, ...rule, `comment ${COMMENT}`),
    undo: command('nft', 'delete', 'rule', ...place, 'handle', outputOf(piped(list, find))),
  }
}

/** `ip saddr … tcp dport 80 accept` before the rule. Families without such packets have no command. */
export function acceptBeforeNft(ref: RuleRef, packet: Packet, told: Told): Change | undefined {
  const match = nftMatch(packet, told)
  const isIp = ref.family === 'inet' || ref.family === 'ip' || ref.family === 'ip6'
  return isIp && match !== undefined ? nftRuleBefore(ref, ...match, 'accept') : undefined
}

export function setNftPolicy(ref: RuleRef, policy: string, old: string): Change {
  const line = (verdict: string) =>
    nftArguments('add', 'chain', ...placeOf(ref), `{ policy ${verdict.toLowerCase()}; }`)
  return { command: line(policy), undo: line(old) }
}

/** A rule's conditions that choose this packet and its like, as packetMatch of commands.ts does. */
function nftMatch(packet: Packet, { hook, answer, rewritten }: Told): Word[] | undefined {
  const { src, dst, protocol, icmpType } = packet
  if (src === undefined || dst === undefined) return undefined
  const ip = src.includes(':') ? 'ip6' : 'ip'
  const words: Word[] = [`${ip} saddr`, addressWord(src), `${ip} daddr`, addressWord(dst)]
  if (packet.in !== undefined && !isNameless(packet.in) && hook !== 'postrouting' && hook !== 'output')
    words.push('iifname', nftDevice(packet.in))
  if (packet.out !== undefined && !isNameless(packet.out) && hook !== 'prerouting' && hook !== 'input')
    words.push('oifname', nftDevice(packet.out))
  const [option, port] = answer ? ['sport', packet.sport] : ['dport', packet.dport]
  if (port !== undefined && protocol !== undefined) words.push(protocolWord(protocol), `${option} ${port}`)
  else if ((protocol === 'icmp' || protocol === 'icmpv6') && icmpType !== undefined)
    words.push(`${protocol} type ${icmpType}`)
  else if (protocol !== undefined)
    words.push('meta l4proto', protocol === 'icmpv6' ? 'ipv6-icmp' : protocolWord(protocol))
  if (rewritten) words.push('ct status dnat')
  return words
}

/** Names like eth0 are no words of nft's language. A `*` at the end means any that begins so. */
function nftDevice(name: string): Word {
  const device = deviceWord(name)
  if (typeof device !== 'string' || /^[a-z]+[a-z0-9.-]*\d$/.test(device)) return device
  return nftString(device.replace(/\*$/, '\\*'))
}
