/** What captures, rulesets and host state call things, as words of commands: only what is such a thing, and is taken for it. */
import { parseAddress } from '../model/address.ts'
import { type Unsayable, unsayable, type Word } from '../model/command.ts'
import { isNameless } from '../model/packet.ts'
import { isStandIn } from '../model/stand-in.ts'

type Said = string | Unsayable

/** Names that the kernel lets an interface have (net/core/dev.c, dev_valid_name): at most 15 bytes. `#3` is one that nobody knows. */
export function deviceWord(name: string): Said {
  if (isNameless(name)) return unsayable('nameless')
  const isName = !/[\s/:]/.test(name) && !/^\.{0,2}$/.test(name) && new TextEncoder().encode(name).length < 16
  return isName ? name : unsayable('name')
}

/** The same for `-i` and `-o` of iptables, which take a `+` at the end for any that begins so, and `!` for none. */
export const matchedDevice = (name: string): Said =>
  name.endsWith('+') || name === '!' ? unsayable('name') : deviceWord(name)

/** Where a program would take a word for an option, or for a sign, that is not what is meant. */
export const positional = (word: string): Said => (word === '' || /^[-!]/.test(word) ? unsayable('name') : word)

/** `with length`: as a network of one address. */
export function addressWord(address: string, form: 'alone' | 'with length' = 'alone'): Said {
  if (isStandIn(address)) return unsayable('unlisted')
  const bytes = parseAddress(address)
  if (!bytes) return unsayable('name')
  return form === 'alone' ? address : `${address}/${bytes.length * 8}`
}

export const protocolWord = (protocol: string): Said =>
  /^[a-z0-9][a-z0-9.+-]*$/i.test(protocol) ? protocol : unsayable('name')

/** `default`, or a network. */
export function networkWord(network: string): Said {
  const [, address = '', length = ''] = /^([^/]+)(\/\d{1,3})?$/.exec(network) ?? []
  if (network === 'default') return network
  return typeof addressWord(address) === 'string' ? address + length : unsayable('name')
}

/** `net.ipv4.conf.eth0/100.rp_filter`: sysctl(8) takes a slash for a dot of a name, and ends names at `=`. */
export function deviceSysctl(family: 'ipv4' | 'ipv6', device: string, setting: string): Said {
  const name = deviceWord(device)
  if (typeof name !== 'string' || name.includes('=')) return unsayable('name')
  return `net.${family}.conf.${name.replaceAll('.', '/')}.${setting}`
}

/** Options of iptables that no rule has; getopt_long(3) takes their beginnings too. One of them loads a program. */
const NO_RULES = [
  ...['append', 'check', 'delete', 'delete-chain', 'exact', 'flush', 'help', 'insert', 'line-numbers', 'list'],
  ...['list-rules', 'modprobe', 'new-chain', 'numeric', 'policy', 'rename-chain', 'replace', 'table', 'verbose'],
  ...['version', 'wait', 'wait-interval', 'zero'],
]

/**
 * A word of a rule that is not understood, and may not be an option of another command's: a ruleset's file can say
 * anything. Of what is understood, getopt takes a value as such, whatever it begins with.
 */
export function ruleWord(word: Word): Word {
  if (typeof word !== 'string' || !word.startsWith('-')) return word
  if (!word.startsWith('--')) return /^-[psdiojgmfc46]$/.test(word) || /^-\d+$/.test(word) ? word : unsayable('name')
  const name = word.slice(2).split('=')[0]!
  // an option of the policy match's own
  return name !== 'pol' && NO_RULES.some((one) => one.startsWith(name)) ? unsayable('name') : word
}
