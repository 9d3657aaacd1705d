/** The types of ipsets: what their elements are made of, and the options they take (ipset 7.17, lib/ipset_*.c). */

/**
 * What stands for one part of an element: `ips` takes a range or network of IPv4 and means each address in it, `ip` takes
 * a single one; `plain port` has no protocol.
 */
export type Part = 'ips' | 'ip' | 'net' | 'port' | 'plain port' | 'mac' | 'iface' | 'mark' | 'set'

export interface SetType {
  name: string
  /** As older releases called it. */
  alias?: string
  parts: readonly Part[]
  /** Of `parts`, how many an element may leave out at its end. */
  optional?: number
  /** Options of `create` besides those of every set of its kind. */
  options?: readonly string[]
}

export const SET_TYPES: readonly SetType[] = [
  { name: 'bitmap:ip', alias: 'ipmap', parts: ['ips'], options: ['netmask'] },
  { name: 'bitmap:ip,mac', alias: 'macipmap', parts: ['ip', 'mac'], optional: 1 },
  { name: 'bitmap:port', alias: 'portmap', parts: ['plain port'] },
  { name: 'hash:ip', alias: 'iphash', parts: ['ips'], options: ['netmask', 'bitmask'] },
  { name: 'hash:mac', parts: ['mac'] },
  { name: 'hash:ip,mac', parts: ['ips', 'mac'], options: ['netmask', 'bitmask'] },
  { name: 'hash:ip,mark', parts: ['ips', 'mark'], options: ['markmask'] },
  { name: 'hash:ip,port', alias: 'ipporthash', parts: ['ips', 'port'], options: ['netmask', 'bitmask'] },
  { name: 'hash:ip,port,ip', alias: 'ipportiphash', parts: ['ips', 'port', 'ip'] },
  { name: 'hash:ip,port,net', alias: 'ipportnethash', parts: ['ips', 'port', 'net'] },
  { name: 'hash:net', alias: 'nethash', parts: ['net'] },
  { name: 'hash:net,iface', parts: ['net', 'iface'] },
  { name: 'hash:net,net', parts: ['net', 'net'], options: ['netmask', 'bitmask'] },
  { name: 'hash:net,port', parts: ['net', 'port'] },
  { name: 'hash:net,port,net', parts: ['net', 'port', 'net'] },
  { name: 'list:set', alias: 'setlist', parts: ['set'] },
]

export const setType = (name: string): SetType | undefined =>
  SET_TYPES.find((type) => type.name === name || type.alias === name)

/** Options by name, and whether a value follows. */
export type Options = Readonly<Record<string, boolean>>

const EXTENSIONS: Options = { timeout: true, counters: false, comment: false, skbinfo: false }
const OF_HASHES: Options = {
  family: true,
  hashsize: true,
  maxelem: true,
  bucketsize: true,
  initval: true,
  forceadd: false,
  // of older releases; nothing comes of them
  probes: true,
  resize: true,
  gc: true,
}
const OF_BITMAPS: Options = { range: true, from: true, to: true }

/** What `create` takes behind the type's name. */
export function createOptions({ name, options = [] }: SetType): Options {
  const own: Options = Object.fromEntries(options.map((option) => [option, true]))
  if (name === 'list:set') return { size: true, ...EXTENSIONS }
  if (name === 'hash:mac') {
    const { family, ...others } = OF_HASHES
    return { ...others, ...EXTENSIONS }
  }
  if (name.startsWith('hash:')) return { ...OF_HASHES, ...own, ...EXTENSIONS }
  return { ...OF_BITMAPS, ...(name === 'bitmap:port' ? {} : { network: true }), ...own, ...EXTENSIONS }
}

/** What `add` takes behind an element. */
export const ELEMENT_OPTIONS: Options = {
  timeout: true,
  packets: true,
  bytes: true,
  comment: true,
  skbmark: true,
  skbprio: true,
  skbqueue: true,
  before: true,
  after: true,
  nomatch: false,
  wildcard: false,
}

/** May an element of this type have the option at all? What the set was made with is another question. */
export function takesOption({ name, parts }: SetType, option: string): boolean {
  if (option === 'before' || option === 'after') return name === 'list:set'
  if (option === 'nomatch') return parts.includes('net')
  if (option === 'wildcard') return parts.includes('iface')
  return true
}
