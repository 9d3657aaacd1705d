/**
 * Asks the kernel which rules match a packet: it is sent in a network namespace, and the rules' counters tell. The
 * namespace has two wires that end in our hands, `in0` and `in1`; what goes out on them is lost.
 */
import { fileURLToPath } from 'node:url'
import type { Packet } from '../../../src/model/packet.ts'
import { join } from '../lab/encode.ts'
import { AWAIT_ADDRESSES, runInNamespace } from '../namespaces.ts'

export type Family = 'ip' | 'ip6'
export const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'] as const
export type HookName = (typeof HOOKS)[number]

/** Comes in on a wire, or is sent by this host as a user. */
export interface Sent {
  family: Family
  packet: Packet
  /** From the IP header on. */
  bytes: Uint8Array
  /** The wire's end in this host; absent: sent by this host. */
  in?: string
  uid?: number
}

/** A rule without `-j`, in the chain of one hook. */
export interface Counting {
  family: Family
  hook: HookName
  rule: string
}

export const MACS = { in0: '02:00:00:00:00:0a', in1: '02:00:00:00:01:0a' } as const
/** The mark of all packets that count, whatever else is in the namespace. */
export const COUNTED_MARK = 0x80000000
const PROBE_MARK = 0x40000000

const SETUP = `
for f in all default; do echo 0 > /proc/sys/net/ipv4/conf/$f/rp_filter; echo 1 > /proc/sys/net/ipv4/conf/$f/accept_local; done
echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad; echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects
ip link set lo up
for n in 0 1; do
  ip link add in$n type veth peer name wire$n
  ip link set in$n address 02:00:00:00:0$n:0a
  echo 1 > /proc/sys/net/ipv6/conf/wire$n/disable_ipv6
  ip link set in$n up; ip link set wire$n up
done
`

export interface Script {
  /** Shell commands behind the making of the wires: addresses, routes, sets. */
  setUp: string
  rules: readonly Counting[]
  /** Rules of nft, in a table of family inet, that stand for both families; instead of `rules`. */
  nft?: { sets: string; rules: readonly Omit<Counting, 'family'>[] }
  packets: readonly Sent[]
  /** Commands whose output is wanted, run when all packets are sent. */
  show?: readonly string[]
}

export interface Answers {
  /** For each packet, the hooks it came to. */
  came: HookName[][]
  /** For each packet, which rules counted it; by their place in `rules`. */
  counted: Set<number>[]
  shown: string[]
}

/** Throws where the namespace cannot be made as the script says. */
export function countPackets({ setUp, rules, nft, packets, show = [] }: Script): Answers {
  const tables = nft ? [loading(nft)] : (['ip', 'ip6'] as const).map((family) => restoring(family, rules))
  const given = {
    packets: packets.map(onTheWay),
    probe: { ip: hex(frame('in0', probe('ip'), 'ip')), ip6: hex(frame('in0', probe('ip6'), 'ip6')) },
    wire: 'wire0',
    nft: nft !== undefined,
  }
  const output = runInNamespace(
    [
      'set -e',
      SETUP,
      setUp,
      AWAIT_ADDRESSES,
      ...tables,
      `echo '@ANSWERS'; python3 '${fileURLToPath(new URL('count.py', import.meta.url))}' <<'@GIVEN'`,
      JSON.stringify(given),
      '@GIVEN',
      ...show.map((command) => `echo '@SHOWN'; ${command}`),
    ].join('\n'),
  )
  const [, told = ''] = output.split('@ANSWERS\n')
  const [answers = '', ...shown] = told.split('@SHOWN\n')
  if (!answers.startsWith('[')) throw new Error(output.slice(-3000))
  return { ...(nft ? readNft(JSON.parse(answers)) : read(JSON.parse(answers), rules, packets)), shown }
}

/** Each rule has its number as its comment: 0 is the probe's, then one for each hook, then ours. */
function loading({ sets, rules }: NonNullable<Script['nft']>): string {
  const counted = (mark: number) => `meta mark & ${mark} == ${mark} counter`
  const chains = HOOKS.flatMap((hook, i) => [
    `chain rules${i} {`,
    ...rules.flatMap((rule, n) =>
      rule.hook === hook ? [`${rule.rule} counter comment "${n + HOOKS.length + 1}"`] : [],
    ),
    '}',
    `chain hook${i} {`,
    `type filter hook ${hook.toLowerCase()} priority mangle;`,
    ...(i === 0 ? ['iifname "wire*" drop', `${counted(PROBE_MARK)} drop comment "0"`] : []),
    `${counted(COUNTED_MARK)} jump rules${i} comment "${i + 1}"`,
    '}',
  ])
  return `nft -f - <<'@RULES'\ntable inet counted {\n${sets}\n${chains.join('\n')}\n}\n@RULES`
}

function readNft(answers: number[][]): Omit<Answers, 'shown'> {
  return {
    came: answers.map((counted) => HOOKS.filter((_, i) => counted.includes(i + 1))),
    counted: answers.map((counted) => {
      const ours = counted.filter((number) => number > HOOKS.length)
      return new Set(ours.map((number) => number - HOOKS.length - 1))
    }),
  }
}

/** In the order that `iptables-save` prints: the built-in chains, then ours by name. */
function restoring(family: Family, rules: readonly Counting[]): string {
  const tool = family === 'ip' ? 'iptables-legacy' : 'ip6tables-legacy'
  const marked = (mark: number) => `-m mark --mark ${mark}/${mark}`
  const lines = [
    '*raw',
    // what was sent out comes in at the other end of the wire
    '-A PREROUTING -i wire+ -j DROP',
    'COMMIT',
    '*mangle',
    ...HOOKS.map((hook) => `:${chainOf(hook)} -`),
    `-A PREROUTING ${marked(PROBE_MARK)} -j DROP`,
    ...HOOKS.map((hook) => `-A ${hook} ${marked(COUNTED_MARK)} -j ${chainOf(hook)}`),
    ...inChains(rules, family).map(({ hook, rule }) => `-A ${chainOf(hook)} ${rule}`),
    'COMMIT',
  ]
  return `${tool}-restore --noflush <<'@RULES'\n${lines.join('\n')}\n@RULES`
}

const chainOf = (hook: HookName): string => `counted-${HOOKS.indexOf(hook)}`

const inChains = (rules: readonly Counting[], family: Family): Counting[] =>
  HOOKS.flatMap((hook) => rules.filter((rule) => rule.hook === hook && rule.family === family))

function read(answers: number[][], rules: readonly Counting[], packets: readonly Sent[]): Omit<Answers, 'shown'> {
  const places = { ip: inChains(rules, 'ip'), ip6: inChains(rules, 'ip6') }
  const numbers = new Map(rules.map((rule, i) => [rule, i]))
  const came = answers.map((counted) => HOOKS.filter((_, i) => counted.includes(i + 1)))
  return {
    came,
    counted: answers.map((counted, i) => {
      const ours = counted.filter((place) => place > HOOKS.length)
      return new Set(ours.map((place) => numbers.get(places[packets[i]!.family][place - HOOKS.length - 1]!)!))
    }),
  }
}

function onTheWay({ family, packet, bytes, in: device, uid }: Sent): object {
  const mark = ((packet.mark ?? 0) | COUNTED_MARK) >>> 0
  if (device === undefined) return { family, mark, bytes: hex(bytes), to: packet.dst, uid: uid ?? 0 }
  return { family, mark, wire: device.replace('in', 'wire'), bytes: hex(frame(device, bytes, family, packet)) }
}

export const SENDER_MAC = '02:00:00:00:00:99'

function frame(device: string, bytes: Uint8Array, family: Family, { srcMac, dstMac }: Packet = {}): Uint8Array {
  const to = dstMac ?? MACS[device as keyof typeof MACS]
  const type = family === 'ip' ? [0x08, 0x00] : [0x86, 0xdd]
  return join(macBytes(to), macBytes(srcMac ?? SENDER_MAC), Uint8Array.from(type), bytes)
}

/** A packet that means nothing. */
function probe(family: Family): Uint8Array {
  const bytes = new Uint8Array(family === 'ip' ? 20 : 40)
  if (family === 'ip') bytes.set([0x45, 0, 0, 20, 0, 0, 0, 0, 64, 253, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2])
  else bytes.set([0x60, 0, 0, 0, 0, 0, 59, 64, 0x20, 0x01, 0x0d, 0xb8])
  if (family === 'ip') bytes.set(headerChecksum(bytes), 10)
  else bytes.set([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 24)
  return bytes
}

function headerChecksum(bytes: Uint8Array): number[] {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!
  sum = (sum & 0xffff) + (sum >>> 16)
  return [(~sum >> 8) & 0xff, ~sum & 0xff]
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const macBytes = (mac: string): Uint8Array => Uint8Array.from(mac.split(':'), (part) => Number.parseInt(part, 16))
