/** One rule of arptables → conditions and statements (iptables/nft-arp.c, extensions/libarpt_mangle.c, arptables.8). */
import type { Statement } from '../../model/statement.ts'
import { WordError } from '../iptables/extension.ts'
import { readAddress } from '../iptables/values/addresses.ts'
import { readNumber } from '../iptables/values/numbers.ts'
import { ARP_OPERATIONS } from './ebtables.ts'
import type { Option, Options } from './options.ts'
import { type LinkRule, readLinkRule } from './rule.ts'
import { address, device, mac, number, readMac, typeNumber } from './values.ts'

const is = (condition: NonNullable<Option['condition']>): Option => ({ words: 1, condition })
/** arptables always asks for these two: what has none of them nft wrote, and arptables-save leaves out what it cannot say. */
const ofAny =
  (read: NonNullable<Option['condition']>): NonNullable<Option['condition']> =>
  (given) =>
    given.value === '0/0'
      ? { kind: 'unknown', text: given.text, reason: 'nft wrote the rule, and arptables-save may not print all of it' }
      : read(given)
const told: Option = { words: 1 }

const OPTIONS: Readonly<Record<string, Option>> = {
  '-s': is(address('arp saddr ip', 'ip')),
  '-d': is(address('arp daddr ip', 'ip')),
  '-i': is(device('meta iifname')),
  '-o': is(device('meta oifname')),
  '--src-mac': is(mac('arp saddr ether')),
  '--dst-mac': is(mac('arp daddr ether')),
  '--opcode': is(number('arp operation', 0xffff, ARP_OPERATIONS)),
  '--h-type': is(ofAny(number('arp htype', 0xffff, { ethernet: 1 }))),
  '--h-length': is(ofAny(number('arp hlen', 0xff))),
  '--proto-type': is(typeNumber('arp ptype')),
  ...{ '-j': told, '--mangle-ip-s': told, '--mangle-ip-d': told, '--mangle-mac-s': told, '--mangle-mac-d': told },
  ...{ '--mangle-target': told, '--set-class': told, '--set-mark': told, '--set-xmark': told },
  ...{ '--and-mark': told, '--or-mark': told, '--xor-mark': told },
}

const ALIASES: Readonly<Record<string, string>> = {
  ...{ '--source-ip': '-s', '--src-ip': '-s', '--source': '-s', '--destination-ip': '-d', '--dst-ip': '-d' },
  ...{ '--destination': '-d', '--in-interface': '-i', '--out-interface': '-o', '--jump': '-j' },
  ...{ '--source-mac': '--src-mac', '--destination-mac': '--dst-mac', '--source-hw': '--src-mac' },
  ...{ '--target-hw': '--dst-mac', '-l': '--h-length', '--arhln': '--h-length', '--arop': '--opcode' },
  ...{ '--arhrd': '--h-type', '--arpro': '--proto-type', '--h-len': '--h-length' },
}

/** What mangle writes, and into which field. */
const MANGLED: readonly (readonly [option: string, field: string])[] = [
  ['--mangle-ip-s', 'arp saddr ip'],
  ['--mangle-ip-d', 'arp daddr ip'],
  ['--mangle-mac-s', 'arp saddr ether'],
  ['--mangle-mac-d', 'arp daddr ether'],
]

/** The words behind the chain's name; `isChain` tells chains from targets. */
export function readArptablesRule(
  words: readonly string[],
  table: string,
  isChain: (name: string) => boolean,
): LinkRule {
  return readLinkRule(words, { options: OPTIONS, aliases: ALIASES }, (options) => targetOf(options, table, isChain))
}

/** Throws WordError. */
function targetOf({ given }: Options, table: string, isChain: (name: string) => boolean): Statement[] {
  const value = (name: string) => given.find((one) => one.name === name)?.value
  const target = value('-j')
  if (target === undefined) return []
  if (isChain(target)) return [{ kind: 'jump', chain: target }]
  switch (target) {
    case 'ACCEPT':
      return [{ kind: 'accept' }]
    case 'DROP':
      return [{ kind: 'drop' }]
    case 'RETURN':
      return [{ kind: 'return' }]
    case 'CONTINUE':
      return []
    case 'mangle':
      return [...mangled(value), ...targetOf({ given: [then(value('--mangle-target'))], unread: [] }, table, isChain)]
    case 'CLASSIFY':
      return [{ kind: 'note', text: `priority ${value('--set-class') ?? ''}` }]
    case 'MARK':
      return [{ kind: 'set', field: 'meta mark', ...markOf(value) }]
    default:
      throw new WordError(`-j ${target}: neither a chain of table ${table} nor a known target`)
  }
}

const then = (target = 'ACCEPT') => ({ name: '-j', value: target, not: false, text: `-j ${target}` })

function mangled(value: (name: string) => string | undefined): Statement[] {
  return MANGLED.flatMap(([option, field]): Statement[] => {
    const text = value(option)
    if (text === undefined) return []
    return [{ kind: 'set', field, value: field.endsWith('ether') ? readMac(text) : readAddress(text, 'ip') }]
  })
}

function markOf(value: (name: string) => string | undefined): { value: number; mask?: number } {
  const [set, xset, and, or, xor] = ['--set-mark', '--set-xmark', '--and-mark', '--or-mark', '--xor-mark'].map(value)
  if (and !== undefined) return { value: 0, mask: ~readNumber(and) >>> 0 }
  if (or !== undefined) return { value: readNumber(or), mask: readNumber(or) }
  if (xor !== undefined) return { value: readNumber(xor), mask: 0 }
  const [number = '', mask] = (set ?? xset ?? '').split('/')
  return { value: readNumber(number), ...(mask === undefined ? {} : { mask: readNumber(mask) }) }
}
