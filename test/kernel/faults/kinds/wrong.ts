/** A rule that was meant for the traffic and asks for something else by one word. */
import type { Random } from '../../generate/random.ts'
import { type Kind, replaced, ruleAt, type Scene, targetOf } from '../fault.ts'

/** What the word could be mistaken for; undefined: the rule has no such word. */
type Mistake = (rule: string, random: Random, scene: Scene) => string | undefined

const NOT_MEANT = ['DROP', 'REJECT', 'LOG', 'TRACE']

const wrong = (kind: string, mistake: Mistake): Kind => ({
  name: kind,
  make: (scene) =>
    scene.met.flatMap(({ table, chain, index, rule }) => {
      if (rule === undefined || NOT_MEANT.includes(targetOf(rule) ?? '')) return []
      const now = mistake(rule, scene.random, scene)
      if (now === undefined || now === rule) return []
      return [
        {
          kind,
          about: `-t ${table} ${chain} ${index + 1}: ${now}, in place of ${rule}`,
          variant: { tables: replaced(scene.setup.tables, table, chain, index, now) },
          culprits: [ruleAt({ table, chain, index })],
        },
      ]
    }),
})

export const wrongPort = wrong('a wrong port', (rule, random) => {
  const [option, value] = /--dports? (\S+)/.exec(rule) ?? []
  if (option === undefined || value === undefined) return undefined
  const port = Number(value.split(',')[0])
  const digits = String(port)
  const swapped = String(Number(digits.slice(0, -2) + digits.at(-1) + (digits.at(-2) ?? '')))
  const instead = random.pick([
    String(port + 1),
    swapped === digits ? String(port - 1) : swapped,
    `${port}0`.slice(0, 4),
    '8081',
  ])
  return rule.replace(option, option.replace(String(port), instead))
})

const otherAddress = (value: string, random: Random, { topology }: Scene): string => {
  const [address = '', length] = value.split('/')
  const { hosts, far, sides } = topology
  if (length === '32') {
    const others = [...hosts.map(({ ip }) => ip), address.replace(/\d+$/, (last) => String((Number(last) + 4) % 250))]
    return `${random.pick(others.filter((ip) => ip !== address))}/32`
  }
  return random.pick(
    [sides.left.net, sides.right.net, far.left.net, far.right.net, '192.168.1.0/24'].filter((net) => net !== value),
  )
}

const wrongAddress = (kind: string, option: '-s' | '-d'): Kind =>
  wrong(kind, (rule, random, scene) => {
    const [, value] = new RegExp(`(?<!! )${option} (\\S+)`).exec(` ${rule}`) ?? []
    return value === undefined
      ? undefined
      : rule.replace(`${option} ${value}`, `${option} ${otherAddress(value, random, scene)}`)
  })

export const wrongSource = wrongAddress('a wrong source', '-s')
export const wrongDestination = wrongAddress('a wrong destination', '-d')

export const wrongInterface = wrong('a wrong interface', (rule, random, { topology: { sides } }) => {
  const [option, letter, name] = /(?<!! )-([io]) (\S+)/.exec(rule) ?? []
  if (option === undefined) return undefined
  const others = [sides.left.interface, sides.right.interface, 'eth1', 'tun0'].filter((one) => one !== name)
  return rule.replace(option, `-${letter} ${random.pick(others)}`)
})

export const wrongProtocol = wrong('a wrong protocol', (rule) => {
  if (/--tcp-flags|--syn|tcp-reset/.test(rule)) return undefined
  if (/-p tcp/.test(rule)) return rule.replace('-p tcp', '-p udp').replace('-m tcp', '-m udp')
  if (/-p udp/.test(rule)) return rule.replace('-p udp', '-p tcp').replace('-m udp', '-m tcp')
  return undefined
})

export const wrongState = wrong('a wrong ct state', (rule, random) => {
  const [option, name, states] = /(?<!! )--(ctstate|state) (\S+)/.exec(rule) ?? []
  if (option === undefined) return undefined
  const others =
    states === 'NEW' || states === 'NEW,UNTRACKED'
      ? ['ESTABLISHED', 'RELATED', 'INVALID']
      : ['RELATED', 'NEW', 'INVALID']
  return rule.replace(option, `--${name} ${random.pick(others)}`)
})

/** `src` for `dst`, or another set. */
export const wrongSet = wrong('a wrong set', (rule) => {
  const [option, direction] = /--match-set \S+ (\S+)/.exec(rule) ?? []
  if (option === undefined || direction === undefined) return undefined
  const turned = direction
    .split(',')
    .map((one) => (one === 'src' ? 'dst' : 'src'))
    .join()
  return rule.replace(option, option.replace(direction, turned))
})

export const wrongMark = wrong('a wrong mark', (rule) => {
  const [option, mark] = /--(?:set-x)?mark 0x([0-9a-f]+)/.exec(rule) ?? []
  if (option === undefined || /0x4000\/0x0/.test(rule)) return undefined
  return rule.replace(option, option.replace(`0x${mark}`, `0x${(Number.parseInt(mark!, 16) * 2).toString(16)}`))
})

export const dnatElsewhere = wrong('DNAT to a wrong place', (rule, random, { topology, probe }) => {
  const [, address, port] = /--to-destination ([\d.]+)(?::(\d+))?/.exec(rule) ?? []
  const [, ports] = /--to-ports (\d+)/.exec(rule) ?? []
  if (ports !== undefined) return rule.replace(`--to-ports ${ports}`, `--to-ports ${Number(ports) + 1}`)
  if (address === undefined) return undefined
  if (port !== undefined && random.chance(0.5)) return rule.replace(`:${port}`, `:${Number(port) + 1}`)
  const others = [...topology.hosts.map(({ ip }) => ip), address.replace(/\d+$/, '77')]
  const other = random.pick(others.filter((ip) => ip !== address && ip !== probe.packet.src))
  // one address may begin another
  return rule.replace(`--to-destination ${address}`, `--to-destination ${other}`)
})
