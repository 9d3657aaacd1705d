/** Route look-up, by this kernel: `ip route get fibmatch` over random routes, rules and packets, and what lookup finds. */
import { afterAll, describe, expect, it } from 'vitest'
import type { Host, Route } from '../../src/model/host.ts'
import { HOST_FORMATS } from '../../src/read/host/index.ts'
import { recognise } from '../../src/read/recognise.ts'
import { WorldBuilder } from '../../src/read/world.ts'
import { lookup, type RouteQuestion } from '../../src/rules/route.ts'
import { isUnknown } from '../../src/rules/truth.ts'
import { Random } from './generate/random.ts'
import { AWAIT_ADDRESSES, runInNamespace, whyNot } from './namespaces.ts'

const reason = whyNot('ip')
if (reason) console.warn(`routes are not compared with the kernel: ${reason}`)
const seed = Number(process.env.NFWHY_KERNEL_SEED ?? 1)
const ROUNDS = 12
const QUESTIONS = 80

type Family = 'ip' | 'ip6'
const DEVICES = ['d0', 'd1', 'd2']
const OWN = {
  ip: ['10.0.0.1', '10.1.0.1', '10.2.0.1', '127.0.0.1'],
  ip6: ['2001:db8:0::1', '2001:db8:1::1', '2001:db8:2::1', '::1'],
}
const GATEWAYS = {
  ip: ['10.0.0.7', '10.1.0.7', '10.2.0.7'],
  ip6: ['2001:db8:0::7', '2001:db8:1::7', '2001:db8:2::7'],
}
const SET_UP = `
for f in all default; do echo 0 > /proc/sys/net/ipv4/conf/$f/rp_filter; echo 1 > /proc/sys/net/ipv4/conf/$f/accept_local; done
echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects; echo 0 > /proc/sys/net/ipv4/conf/default/send_redirects
echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
ip link set lo up
for n in 0 1 2; do
  ip link add d$n type veth peer name p$n; echo 1 > /proc/sys/net/ipv6/conf/p$n/disable_ipv6
  ip link set d$n group $n; ip link set p$n up; ip link set d$n up
  ip addr add 10.$n.0.1/24 brd + dev d$n; ip addr add 2001:db8:$n::1/64 dev d$n nodad
done
`
const SHOWN = ['ip -d addr', 'ip route show table all', 'ip rule', 'ip -6 rule', 'uname -r', 'sysctl -a 2> /dev/null']

const tally = { found: 0, none: 0, unknown: 0 }
afterAll(() => {
  if (!reason) console.log(`seed ${seed}: ${tally.found} found, ${tally.none} without a way, ${tally.unknown} unknown`)
})

describe.skipIf(reason)('routes and the kernel', () => {
  it.each(Array.from({ length: ROUNDS }, (_, i) => i))('agree, round %i', (round) => {
    const random = new Random(seed + round)
    const changes = (['ip', 'ip6'] as const).flatMap((family) => [
      ...routes(random, family),
      ...(round % 3 ? rules(random, family) : []),
    ])
    const asked = Array.from({ length: QUESTIONS }, (_, i) => question(random, i % 2 ? 'ip' : 'ip6'))
    const output = runInNamespace(
      [
        SET_UP,
        AWAIT_ADDRESSES,
        // what the kernel refuses is not there
        ...changes.map((change) => `ip ${change} 2> /dev/null`),
        ...SHOWN.map((command) => `echo '@SHOWN'; ${command}`),
        ...asked.map(
          (one) => `echo '@ASKED'; ip ${one.family === 'ip' ? '-4' : '-6'} -j route get fibmatch ${one.words}`,
        ),
      ].join('\n'),
    )
    const [before = '', ...answers] = output.split('@ASKED\n')
    const host = readHost(before.split('@SHOWN\n').slice(1))
    const differences = asked.flatMap((one, i) => compare(one, answers[i]!, host))
    const about = `seed ${seed + round}\n${changes.join('\n')}`
    expect(differences, about).toEqual([])
    expect(answers).toHaveLength(QUESTIONS)
  })
})

function readHost(shown: readonly string[]): Host {
  const builder = new WorldBuilder()
  for (const [i, text] of shown.entries()) {
    const recognised = recognise(text)
    if (recognised && recognised.kind !== 'capture') builder.add(SHOWN[i]!, text, recognised)
  }
  expect(builder.warnings).toEqual([])
  return builder.world.host
}

const network = (random: Random, family: Family): string =>
  family === 'ip'
    ? random.pick([
        'default',
        `10.${random.int(0, 12)}.0.0/16`,
        `10.9.${random.int(0, 3)}.0/24`,
        `10.9.${random.int(0, 3)}.7/32`,
        '10.8.0.0/13',
        '127.1.0.0/16',
      ])
    : random.pick([
        'default',
        `2001:db8:${random.int(0, 12)}::/48`,
        `2001:db8:9:${random.int(0, 3)}::/64`,
        `2001:db8:9:${random.int(0, 3)}::7/128`,
        '2001:db8::/32',
      ])

function address(random: Random, family: Family): string {
  const near = random.pick([...OWN[family], ...GATEWAYS[family]])
  if (family === 'ip')
    return random.pick([
      near,
      `10.9.${random.int(0, 4)}.7`,
      `10.${random.int(0, 14)}.1.7`,
      '127.1.0.7',
      '192.0.2.7',
      '10.0.0.255',
    ])
  return random.pick([
    near,
    `2001:db8:9:${random.int(0, 4)}::7`,
    `2001:db8:${random.int(0, 14)}:1::7`,
    '2001:db8:0::',
    '2001:dead::7',
  ])
}

const TABLES = ['main', 'main', '100', '101', 'default', 'local']

function routes(random: Random, family: Family): string[] {
  const version = family === 'ip' ? '-4' : '-6'
  return Array.from({ length: random.int(4, 14) }, () => {
    const words = [
      random.weighted([
        [9, ''],
        [1, random.pick(['unreachable', 'blackhole', 'prohibit', 'throw', 'local'])],
      ]),
      network(random, family),
    ]
    if (family === 'ip' && random.chance(0.25)) words.push(`tos ${random.pick(['0x10', '0x04', '0xb8'])}`)
    if (family === 'ip6' && random.chance(0.25))
      words.push(`from ${random.pick(['2001:db8:0::/64', '2001:db8::/32', '2001:db8:1::1/128'])}`)
    if (words[0] === 'local') words.push('dev lo')
    else if (words[0] === '') words.push(random.chance(0.2) ? multipath(random, family) : wayOut(random, family))
    words.push(`table ${random.pick(TABLES)}`, random.chance(0.5) ? `metric ${random.pick([10, 20, 300])}` : '')
    return `${version} route ${random.pick(['add', 'append'])} ${words.join(' ')}`
  })
}

const wayOut = (random: Random, family: Family): string =>
  random.chance(0.5) ? `via ${random.pick(GATEWAYS[family])}` : `dev ${random.pick(DEVICES)}`

const multipath = (random: Random, family: Family): string =>
  random
    .some(GATEWAYS[family], 2)
    .map((gateway) => `nexthop via ${gateway} weight ${random.int(1, 3)}`)
    .join(' ')

const MARKS = [0, 1, 2, 3, 0x10]
const UIDS = [0, 1000, 2000]
const PORTS = [53, 80, 5000]

function rules(random: Random, family: Family): string[] {
  const version = family === 'ip' ? '-4' : '-6'
  return Array.from({ length: random.int(1, 8) }, () => {
    const range = (values: readonly number[]) => random.some(values, 2).join('-')
    const selectors = random
      .some(
        [
          `from ${random.pick([...OWN[family], '10.0.0.0/8', '2001:db8::/32', '2001:db8:1::/64'].filter((one) => one.includes(':') === (family === 'ip6')))}`,
          `to ${network(random, family).replace('default', family === 'ip' ? '0.0.0.0/0' : '::/0')}`,
          `fwmark ${random.pick(MARKS)}${random.pick(['', '/0x3', '/0x1'])}`,
          `iif ${random.pick([...DEVICES, 'lo', 'd9'])}`,
          `oif ${random.pick([...DEVICES, 'lo'])}`,
          `tos ${random.pick(['0x10', '0x04', '0xb8'])}`,
          `ipproto ${random.pick(['tcp', 'udp', '47'])}`,
          `sport ${range(PORTS)}`,
          `dport ${random.pick(PORTS)}`,
          `uidrange ${range(UIDS)}`,
        ],
        random.pick([0, 1, 1, 2]),
      )
      .join(' ')
    const suppress = random.pick([
      '',
      '',
      `suppress_prefixlength ${random.pick([0, 8, 16])}`,
      `suppress_ifgroup ${random.int(0, 2)}`,
    ])
    const action = random.weighted([
      [6, `lookup ${random.pick(['100', '101', 'main', '102'])} ${suppress}`],
      [1, random.pick(['blackhole', 'unreachable', 'prohibit', 'nop'])],
      [1, `goto ${random.pick([500, 600, 777])}`],
    ])
    const not = random.chance(0.15) ? 'not ' : ''
    return `${version} rule add ${not}${selectors} priority ${random.pick([100, 200, 300, 400, 500, 600])} ${action}`
  }).concat(random.chance(0.3) ? [`${version} rule add priority 50 l3mdev unreachable`] : [])
}

interface Asked {
  family: Family
  words: string
  question: RouteQuestion
}

function question(random: Random, family: Family): Asked {
  const input = random.chance(0.4)
  // 127.0.0.0/8 cannot come in, whatever the routes say
  const dst = input ? address(random, family).replace(/^127.*/, '10.8.0.7') : address(random, family)
  const words = [dst]
  // an address is chosen by the route; it is not there when the route is
  const asked: RouteQuestion = {
    dst,
    src: family === 'ip' ? '0.0.0.0' : '::',
    mark: 0,
    tos: 0,
    // for IPv4 the tool asks with UDP, if nothing else is said
    protocol: family === 'ip' ? 'udp' : '0',
    sport: 0,
    dport: 0,
    uid: 0,
  }
  if (input) {
    asked.in = random.pick(DEVICES)
    asked.src = random.pick(GATEWAYS[family])
    // for IPv6 the tool asks with no user, where a packet that comes in counts as root's
    if (family === 'ip6') asked.uid = 0xffffffff
    words.push(`from ${asked.src} iif ${asked.in}`)
  } else {
    if (random.chance(0.4)) {
      asked.src = random.pick(OWN[family].slice(0, 3))
      words.push(`from ${asked.src}`)
    }
    if (random.chance(0.2)) {
      asked.out = random.pick(DEVICES)
      words.push(`oif ${asked.out}`)
    }
    if (random.chance(0.3)) {
      asked.uid = random.pick(UIDS)
      words.push(`uid ${asked.uid}`)
    }
  }
  if (random.chance(0.5)) {
    asked.mark = random.pick(MARKS)
    words.push(`mark ${asked.mark}`)
  }
  if (random.chance(0.3)) {
    asked.tos = random.pick([0x10, 0x04, 0xb8])
    words.push(`tos 0x${asked.tos.toString(16)}`)
  }
  if (random.chance(0.4)) {
    Object.assign(asked, {
      protocol: random.pick(['tcp', 'udp']),
      sport: random.pick(PORTS),
      dport: random.pick(PORTS),
    })
    words.push(`ipproto ${asked.protocol} sport ${asked.sport} dport ${asked.dport}`)
  }
  return { family, words: words.join(' '), question: asked }
}

const ERRORS: Readonly<Record<string, string>> = {
  unreachable: 'No route to host|Network is unreachable',
  blackhole: 'Invalid argument',
  prohibit: 'Permission denied',
}

function compare({ words, question, family }: Asked, answer: string, host: Host): string[] {
  const found = lookup(question, host)
  const told = (what: string) => [`${words}: ${what}, but ${answer.trim()}`]
  if (isUnknown(found)) {
    tally.unknown++
    return told(found.unknown)
  }
  const route = found?.route
  if (!route || ERRORS[route.type]) {
    tally.none++
    // without a route, the kernel takes what is asked for to be on that link
    if (question.out !== undefined) return answer.startsWith('RTNETLINK') ? [] : told('no way')
    const expected = route ? ERRORS[route.type]! : 'Network is unreachable|No route to host'
    return new RegExp(expected).test(answer) ? [] : told(route ? describeRoute(route) : 'no route')
  }
  tally.found++
  const format = HOST_FORMATS.find(({ id }) => id === 'ip-route-json')!
  const [seen] = answer.startsWith('[') ? (format.read(answer, () => {}).host?.routes ?? []) : []
  if (!seen) return told(describeRoute(route))
  return describeRoute(seen) === describeRoute({ ...route, family }) ? [] : told(describeRoute(route))
}

const describeRoute = ({ type, destination, gateway, device, tos, nexthops, from }: Route): string =>
  [
    type,
    destination,
    from ?? '',
    gateway ?? '',
    device ?? '',
    tos ?? 0,
    (nexthops ?? []).map((hop) => hop.gateway),
  ].join(' ')
