/** How a rule ends. */
import type { Part } from './case.ts'
import { mapKey } from './keys.ts'
import { PORTS, V4, V6 } from './pools.ts'
import type { Scene } from './scene.ts'
import { mapOf } from './statements.ts'

const part = (text: string, ...words: string[]): Part => ({ words, text })

export interface Ending {
  condition?: Part
  verdict?: Part
  /** The lookup of a map, in which what it asks for may be missing, ends the rule. */
  mayMiss?: true
}

export function drawEnding(scene: Scene): Ending {
  const { random, chains, type, hook } = scene
  if (type === 'nat' && random.chance(0.7)) return drawNat(scene)
  const isRefusing = scene.isTracked || ['inet', 'netdev'].includes(scene.family)
  return random.weighted<() => Ending>([
    [5, () => ({})],
    [2, () => ({ verdict: part('accept', 'accept') })],
    [type === 'nat' ? 0 : 2, () => ({ verdict: part('drop', 'drop') })],
    [1, () => ({ verdict: part('return', 'return') })],
    [0.5, () => ({ verdict: part('continue', 'continue') })],
    [chains.length > 0 ? 3 : 0, () => ({ verdict: part(`jump ${random.pick(chains)}`, 'jump') })],
    [chains.length > 0 ? 1 : 0, () => ({ verdict: part(`goto ${random.pick(chains)}`, 'goto') })],
    [
      type === 'filter' && isRefusing && ['input', 'forward', 'output', 'prerouting', 'ingress'].includes(hook)
        ? 1.5
        : 0,
      () => reject(scene),
    ],
    [2, () => ({ verdict: verdictMap(scene), mayMiss: true })],
    [1.5, () => ({ verdict: mapKey(scene, 'verdict', () => random.pick(verdictsOf(scene))), mayMiss: true })],
    [
      scene.isTracked ? 0.5 : 0,
      () => ({
        verdict: part(
          `ct state vmap { ${random.pick(['new', 'established'])} : accept, invalid : continue }`,
          'ct state',
          'vmap',
        ),
        mayMiss: true,
      }),
    ],
    [
      0.5,
      () => ({
        verdict: part(
          `jhash ${scene.version} saddr mod 2 seed 0x7 vmap { 0 : accept, 1 : ${random.pick(['continue', 'return'])} }`,
          'jhash',
          'vmap',
        ),
        mayMiss: true,
      }),
    ],
    [
      0.3,
      () => ({
        verdict: part('numgen random mod 2 vmap { 0 : accept, 1 : accept }', 'numgen', 'vmap'),
        mayMiss: true,
      }),
    ],
    [
      type === 'filter' && scene.isTracked && hook === 'prerouting' ? 0.2 : 0,
      () => ({ condition: part('meta l4proto tcp', 'meta l4proto'), verdict: part('tproxy to :5000', 'tproxy') }),
    ],
    [scene.family === 'netdev' ? 1 : 0, () => ({ verdict: part('fwd to "p0"', 'fwd') })],
    [
      type === 'filter' && scene.isTracked && scene.transport === 'tcp' && ['input', 'forward'].includes(hook) ? 1 : 0,
      () => ({
        condition: part('tcp flags syn', 'tcp flags'),
        verdict: random.chance(0.5)
          ? part('synproxy mss 1460 wscale 7', 'synproxy')
          : part(
              `synproxy name "${scene.define(['named synproxy'], 'y', (one) => `synproxy ${one} { mss 1460; wscale 7; timestamp sack-perm; }`)}"`,
              'synproxy',
            ),
      }),
    ],
  ])()
}

const verdictsOf = ({ chains, type }: Scene): string[] => [
  'accept',
  'return',
  'continue',
  ...(type === 'nat' ? [] : ['drop']),
  ...chains.flatMap((name) => [`jump ${name}`, `goto ${name}`]),
]

function verdictMap(scene: Scene): Part {
  const verdicts = verdictsOf(scene)
  const { text, words } = mapOf(scene, 'verdict', () => scene.random.pick(verdicts))
  return { text: text.replace(' map ', ' vmap '), words: words.map((word) => word.replace(/map$/, 'vmap')) }
}

function reject(scene: Scene): Ending {
  const { random, family } = scene
  const kinds = ['reject', ...(scene.transport === 'tcp' ? ['reject with tcp reset'] : [])]
  const versioned = (type: string, codes: readonly string[]) => codes.map((code) => `reject with ${type} type ${code}`)
  const many = (list: readonly string[]) => kinds.push(...random.some(list, 2))
  if (family === 'inet' || family === 'netdev')
    many(versioned('icmpx', ['port-unreachable', 'admin-prohibited', 'no-route', 'host-unreachable']))
  if (scene.version === 'ip')
    many(
      versioned('icmp', [
        'net-unreachable',
        'host-unreachable',
        'prot-unreachable',
        'port-unreachable',
        'net-prohibited',
        'host-prohibited',
        'admin-prohibited',
      ]),
    )
  else
    many(
      versioned('icmpv6', [
        'no-route',
        'admin-prohibited',
        'addr-unreachable',
        'port-unreachable',
        'policy-fail',
        'reject-route',
      ]),
    )
  const text = random.pick(kinds)
  const verdict = part(text, text)
  return text.endsWith('reset') ? { condition: part('meta l4proto tcp', 'meta l4proto'), verdict } : { verdict }
}

function drawNat(scene: Scene): Ending {
  const { random, family, hook } = scene
  const version = scene.version
  const at = family === 'inet' ? `${version} ` : ''
  const pool = version === 'ip' ? V4 : V6
  const isDestination = hook === 'prerouting' || hook === 'output'
  const address = () =>
    random.pick(
      isDestination
        ? [...pool.servers.slice(0, 3), pool.own[0]!]
        : [...pool.clients, ...pool.servers.slice(2, 3), pool.own[1]!],
    )
  const colon = (text: string, port: string) => (version === 'ip' ? `${text}:${port}` : `[${text}]:${port}`)
  const verb = isDestination ? 'dnat' : 'snat'
  const { transport } = scene
  const protocol = transport === 'tcp' || transport === 'udp' ? transport : random.pick(['tcp', 'udp'])
  const forProtocol = { condition: part(`meta l4proto ${protocol}`, 'meta l4proto') }
  const port = () => String(random.pick(PORTS))
  const flags = random.weighted([
    [8, ''],
    [1, ' persistent'],
    [1, ' random'],
  ])
  const plain: Ending = { verdict: part(`${verb} ${at}to ${address()}${flags}`, verb) }
  return random.weighted<() => Ending>([
    [4, () => plain],
    [
      3,
      () => ({
        ...forProtocol,
        verdict: part(`${verb} ${at}to ${colon(address(), port())}${flags}`, verb, 'to a port'),
      }),
    ],
    [
      1,
      () => {
        // of one network: between two stands an address for all, and what is sent there comes back as well
        const [low, high] = ['70', '79'].map((end) => `$1${end}`)
        const one = address()
        const end = (text: string) => one.replace(/([:.])\w+$/, text)
        return { verdict: part(`${verb} ${at}to ${end(low!)}-${end(high!)}`, verb, 'to a range') }
      },
    ],
    [
      1,
      () => ({
        ...forProtocol,
        verdict: part(`${verb} ${at}to ${colon(address(), '5000-5005')}`, verb, 'to a range of ports'),
      }),
    ],
    [
      2,
      () => {
        const map = mapOf(
          scene,
          version === 'ip' ? 'ipv4_addr' : 'ipv6_addr',
          address,
          (field) => field.family === undefined || field.family === version,
        )
        return { verdict: part(`${verb} ${at}to ${map.text}`, verb, ...map.words), mayMiss: true }
      },
    ],
    [
      1,
      () => ({
        verdict: part(
          `${verb} ${at}to ${protocol} dport map { ${random
            .some(PORTS, 2)
            .map((one) => `${one} : ${address()} . ${port()}`)
            .join(', ')} }`,
          verb,
          'map to address and port',
        ),
        mayMiss: true,
      }),
    ],
    [
      1,
      () => ({
        verdict: part(
          `${verb} ${at}to jhash ${version} saddr mod 2 seed 0x7 map { 0 : ${address()}, 1 : ${address()} }`,
          verb,
          'jhash',
          'map',
        ),
        mayMiss: true,
      }),
    ],
    [
      0.5,
      () => ({
        verdict: part(
          `${verb} ${at}to numgen inc mod 2 map { 0 : ${address()}, 1 : ${address()} }`,
          verb,
          'numgen',
          'map',
        ),
        mayMiss: true,
      }),
    ],
    [
      1,
      () => {
        const [from, to] = isDestination ? [1, 2] : [2, 1]
        const network = (n: number) => (version === 'ip' ? `10.0.${n}.0/24` : `2001:db8:${n}::/64`)
        const side = isDestination ? 'daddr' : 'saddr'
        const text = random.pick([
          `${verb} ${version} prefix to ${network(to)}`,
          `${verb} ${version} prefix to ${version} ${side} map { ${network(from)} : ${network(random.pick([1, 2]))} }`,
        ])
        return { verdict: part(text, verb, 'to a prefix', ...(text.includes('map') ? ['map'] : [])), mayMiss: true }
      },
    ],
    [
      isDestination ? 1 : 0,
      () => ({
        ...forProtocol,
        verdict: part(`redirect to :${protocol} dport map { 22 : 53, 80 : ${port()} }`, 'redirect', 'map'),
        mayMiss: true,
      }),
    ],
    [
      isDestination ? 0.5 : 0,
      () => ({ ...forProtocol, verdict: part('redirect to :5000-5005', 'redirect', 'to a range of ports') }),
    ],
    [isDestination ? 2 : 0, () => ({ ...forProtocol, verdict: part(`redirect to :${port()}`, 'redirect') })],
    [isDestination ? 1 : 0, () => ({ verdict: part('redirect', 'redirect') })],
    [
      1,
      () => {
        // the same address or port as before, too
        const key = `${version} saddr . ${protocol} dport`
        const froms = random.some(pool.clients.slice(0, 2).concat(pool.servers[0]!), 2)
        const pairs = froms.map((from) => `${from} . ${port()} : ${address()} . ${port()}`)
        if (random.chance(0.5))
          return {
            verdict: part(`${verb} ${at}to ${key} map { ${pairs.join(', ')} }`, verb, 'map to address and port'),
            mayMiss: true,
          }
        const type = version === 'ip' ? 'ipv4_addr' : 'ipv6_addr'
        const name = scene.define(
          ['named map', 'map to address and port'],
          'm',
          (one) =>
            `map ${one} { type ${type} . inet_service : ${type} . inet_service; elements = { ${pairs.join(', ')} } }`,
        )
        return { verdict: part(`${verb} ${at}to ${key} map @${name}`, verb, 'map to address and port'), mayMiss: true }
      },
    ],
    [
      1,
      () => {
        const one = address()
        const [low, high] = random.pick([
          ['70', '79'],
          ['77', '78'],
        ] as const)
        const range = [low, high].map((end) => one.replace(/\w+$/, end)).join('-')
        const keys = random.some([...pool.clients, ...pool.servers.slice(0, 2)], 2)
        return {
          verdict: part(
            `${verb} ${at}to ${version} saddr map { ${keys.map((key) => `${key} : ${range}`).join(', ')} }`,
            verb,
            'map to a range',
          ),
          mayMiss: true,
        }
      },
    ],
    [1, () => ({ ...forProtocol, verdict: part(`${verb} ${at}to :${port()}${flags}`, verb, 'to a port alone') })],
    [
      isDestination ? 0.5 : 0,
      () => ({
        ...forProtocol,
        verdict: part(`redirect to :${port()}${random.pick([' random', ' persistent'])}`, 'redirect'),
      }),
    ],
    [hook === 'postrouting' ? 3 : 0, () => ({ verdict: part('masquerade', 'masquerade') })],
    [
      hook === 'postrouting' ? 1 : 0,
      () => ({ verdict: part(`masquerade ${random.pick(['random', 'fully-random', 'persistent'])}`, 'masquerade') }),
    ],
    [
      hook === 'postrouting' ? 1 : 0,
      () => ({ ...forProtocol, verdict: part(`masquerade to :${port()}`, 'masquerade', 'to a port') }),
    ],
  ])()
}
