/** Random commands for ipset: most go through, some are refused for what they say or for what the sets are by then. */
import type { Random } from '../generate/random.ts'

/** Sets are few, so that commands meet. The types are those that every kernel with ipset has. */
const NAMES = ['a', 'b', 'c', 'd', 'l', 'web']
const TYPES = [
  'hash:ip',
  'hash:ip family inet6',
  'hash:ip netmask 28',
  'hash:ip maxelem 5',
  'hash:net',
  'hash:net family inet6',
  'hash:ip,port',
  'hash:ip,port family inet6',
  'hash:net,port',
  'hash:net,port family inet6',
  'hash:ip,port,ip',
  'hash:ip,port,net',
  'hash:net,iface',
  'bitmap:ip range 10.0.0.0/24',
  'bitmap:ip range 10.0.1.255-10.0.0.0 netmask 28',
  'bitmap:ip,mac range 10.0.0.0/28',
  'bitmap:port range 1-1024',
  'bitmap:port range 90-20',
  'list:set',
  'iphash',
  'portmap --from 10 --to 100',
]
const EXTRAS = [
  'timeout 300',
  'timeout 0',
  'counters',
  'comment',
  'skbinfo',
  'family inet',
  'maxelem 20',
  'size 4',
  'hashsize 64',
]
const WRONG = [
  'hash:foo',
  'hash:ip netmask 33',
  'hash:ip familie inet',
  'bitmap:port',
  'bitmap:ip range 10.0.0.0/8',
  'hash:ip timeout x',
  '',
]

export function randomSetCommands(random: Random, count: number): string[] {
  const types = new Map<string, string>()
  const name = () => random.pick(types.size > 0 && random.chance(0.9) ? [...types.keys()] : NAMES)
  const made = () => {
    const [set, type] = [random.pick(NAMES), definition(random)]
    if (!types.has(set)) types.set(set, type)
    return `${set} ${type}`
  }
  /** A set, and mostly what may be in it. */
  const about = () => {
    const set = name()
    return `${set} ${random.chance(0.85) ? suited(random, types.get(set) ?? 'hash:ip') : element(random)}`
  }
  const exist = () => (random.chance(0.25) ? ` ${random.pick(['-exist', '-!', '--exist'])}` : '')
  return Array.from({ length: count }, () =>
    random.weighted<() => string>([
      [8, () => `ipset ${random.pick(['create', 'create', '-N', 'n'])} ${made()}${exist()}`],
      [24, () => `ipset ${random.pick(['add', 'add', '-A', 'a'])} ${about()}${options(random)}${exist()}`],
      [
        8,
        () =>
          `ipset ${random.pick(['del', 'del', '-D', 'd'])} ${about()}${random.chance(0.05) ? options(random) : ''}${exist()}`,
      ],
      [1, () => `ipset ${random.pick(['flush', '-F'])} ${random.chance(0.8) ? name() : ''}`],
      [1, () => `ipset ${random.pick(['destroy', 'x'])} ${random.chance(0.9) ? name() : ''}${exist()}`],
      [1, () => `ipset ${random.pick(['rename', 'e'])} ${name()} ${name()}`],
      [2, () => `ipset ${random.pick(['swap', '-W'])} ${name()} ${name()}`],
      [1, () => `iptables-legacy -A INPUT -m set --match-set ${name()} src -j DROP`],
      [1, () => 'iptables-legacy -F INPUT'],
      [1, () => `ipset ${random.pick(['ad', 'swop', 'add', 'create x', 'rename a'])}`],
    ])(),
  )
}

const definition = (random: Random): string =>
  random.chance(0.05)
    ? random.pick(WRONG)
    : [random.pick(TYPES), ...random.some(EXTRAS, random.pick([0, 0, 0, 1, 2]))].join(' ')

const options = (random: Random): string =>
  random.chance(0.75)
    ? ''
    : ` ${random.pick(['timeout 60', 'timeout 0', 'timeout 3000000', 'nomatch', 'wildcard', 'comment "a b"', 'packets 3 bytes 5', 'skbmark 0x1', 'before a', 'after b', 'nomach'])}`

function suited(random: Random, definition: string): string {
  const [type = ''] = definition.split(' ')
  const six = definition.includes('inet6')
  const oneOf = (make: (random: Random) => string, fits: (text: string) => boolean): string => {
    const tries = Array.from({ length: 12 }, () => make(random))
    return tries.find(fits) ?? tries[0]!
  }
  const ip = () => oneOf(address, (text) => text.includes(':') === six)
  const parts =
    (/^portmap/.test(type) ? 'bitmap:port' : type).replace('iphash', 'hash:ip').split(':')[1]?.split(',') ?? []
  return parts
    .map((part) => {
      if (part === 'set') return random.pick(NAMES)
      if (part === 'iface') return iface(random)
      if (part === 'mac') return mac(random)
      if (part === 'port') return type.startsWith('hash') ? port(random) : port(random).replace(/^tcp:/i, '')
      return ip()
    })
    .join(',')
}

function element(random: Random): string {
  if (random.chance(0.12)) return random.pick(NAMES)
  const [first, second, third] = [address(random), random.pick([port, port, iface, mac])(random), address(random)]
  return random.weighted([
    [5, first],
    [2, port(random).replace(/^tcp:/, '')],
    [6, `${first},${second}`],
    [4, `${first},${second},${third}`],
    [0.2, `${first},`],
  ])
}

const address = (random: Random): string =>
  random.weighted<() => string>([
    [6, () => `10.0.0.${random.int(0, 6)}`],
    [3, () => `10.0.0.${random.int(0, 9)}/${random.pick([32, 31, 30, 29, 28])}`],
    [3, () => `10.0.0.${random.int(0, 9)}-10.0.0.${random.int(0, 20)}`],
    [3, () => `2001:db8::${random.int(1, 3)}`],
    [2, () => `2001:db8::${random.int(0, 3)}/${random.pick([128, 127, 64, 32])}`],
    [
      0.3,
      () =>
        random.pick([
          '0.0.0.0/0',
          '0.0.0.0',
          '::/0',
          '::',
          '10.0.0.1/33',
          '10.0.0.1-',
          '10.0.0.1/0',
          '10.0.0.256',
          '10.0.0.1/24/8',
        ]),
    ],
    [0.3, () => random.pick(['2001:DB8:0:0::1', '[2001:db8::1]', '0.0.0.0-255.255.255.255'])],
  ])()

const port = (random: Random): string =>
  random.pick([
    ...[
      '80',
      'tcp:80',
      'tcp:79-82',
      'udp:53',
      'tcp:http',
      'tcp:ssh-http',
      'udp:80-78',
      '[ftp-data]-ssh',
      'sctp:7',
      'tcp:0x50',
    ],
    ...['icmp:8/0', 'icmp:echo-request', 'icmpv6:128/0', 'ipv6-icmp:echo-request', 'gre:0', '47:0', 'esp:0', 'TCP:80'],
    ...random.some(
      ['icmp:8', 'gre:1', 'foo:80', 'tcp:65536', 'tcp', 'tcp:080', 'icmp:any', '0:0', 'tcp:80-', 'udplite:1', 'dccp:1'],
      2,
    ),
  ])

const iface = (random: Random): string => random.pick(['eth0', 'eth1', 'eth', 'physdev:eth0', 'averyverylongname'])
const mac = (random: Random): string =>
  random.pick(['aa:bb:cc:dd:ee:ff', 'AA:BB:CC:DD:EE:00', 'a:b:c:d:e:f', 'aa-bb-cc-dd-ee-ff'])
