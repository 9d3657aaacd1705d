/** ip and bridge against edits, as edits.test.ts has the other tools: routes, routing rules, addresses, ports. */
import { describe, expect, it } from 'vitest'
import { parseCommand } from '../../src/edits/parse.ts'
import { printEdit } from '../../src/edits/print.ts'
import { undoEdit } from '../../src/edits/undo.ts'
import type { World } from '../../src/model/world.ts'
import { ipAddrJson } from '../../src/read/host/ip-addr-json.ts'
import { ipRouteJson } from '../../src/read/host/ip-route-json.ts'
import { ipRuleJson } from '../../src/read/host/ip-rule-json.ts'
import { share } from '../share.ts'
import { IP_SETUP, randomAddressCommands, randomIpCommands } from './commands/ip.ts'
import { runSequences } from './commands/run.ts'
import { linesApart, runOne } from './commands/run-one.ts'
import { Random } from './generate/random.ts'
import { whyNot } from './namespaces.ts'

const seed = Number(process.env.NFWHY_SEED ?? 1)

describe.skipIf(whyNot('ip'))('ip', () => {
  const listings = ['ip -j addr', 'ip -j route show table all', 'ip -j rule', 'ip -6 -j rule']
  const worldOf = (texts: readonly string[]): World => {
    const [links = '', routes = '', rules = '', rules6 = ''] = texts
    return {
      tables: [],
      sets: [],
      host: {
        ...ipAddrJson.read(links, () => {}).host,
        ...ipRouteJson.read(routes, () => {}).host,
        routingRules: [rules, rules6].flatMap((text, i) =>
          (ipRuleJson.read(text, () => {}).host?.routingRules ?? []).map((rule) => ({
            ...rule,
            family: i ? ('ip6' as const) : ('ip' as const),
          })),
        ),
      },
    }
  }
  /** Among IPv4 routes to one network the order counts, and among rules of one priority. */
  const outline = ({ host }: World) => {
    const sorted = (one: unknown): unknown =>
      Array.isArray(one)
        ? one.map(sorted)
        : one && typeof one === 'object'
          ? Object.entries(one)
              .map(([key, value]) => [key, sorted(value)])
              .sort()
          : one
    const print = (one: object) => JSON.stringify(sorted(one))
    const routes = new Map<string, string[]>()
    for (const route of host.routes ?? []) {
      const key = [route.family, route.table, route.destination, route.from, route.tos, route.metric].join()
      routes.set(key, [...(routes.get(key) ?? []), print(route)])
    }
    const rules = (host.routingRules ?? []).map((rule) => ({
      key: `${rule.family} ${rule.priority}`,
      text: print(rule),
    }))
    const addresses = (host.links ?? []).flatMap(({ name, addresses = [] }) =>
      addresses.map(({ address, prefixLength }) => `${name} ${address}/${prefixLength}`),
    )
    return [
      ...addresses,
      ...[...routes.values()].flatMap((all) => all.map((route, i) => `${route.includes('"ip6"') ? '' : i} ${route}`)),
      ...rules.map(({ key, text }, i) => `${key} ${rules.slice(0, i).filter((one) => one.key === key).length} ${text}`),
    ].sort()
  }

  it.each([
    ['routes and rules', share(14), randomIpCommands],
    ['addresses', share(5), randomAddressCommands],
  ] as const)(`random commands: %s (seed ${seed})`, (_, count, commandsOf) => {
    const random = new Random(seed)
    const sequences = Array.from({ length: count }, () => ({
      setup: IP_SETUP,
      commands: commandsOf(random, 40).flatMap((command) => [command, ...listings]),
      listings,
    }))
    const ran = runSequences(sequences)
    let accepted = 0
    const differences: string[] = []
    sequences.forEach(({ commands }, at) => {
      let world = worldOf(ran[at]!.before)
      for (let i = 0; i < commands.length; i += listings.length + 1) {
        const command = commands[i]!
        const [one, ...texts] = ran[at]!.results.slice(i, i + listings.length + 1)
        const there = worldOf(texts.map(({ output }) => output))
        const result = runOne(world, command)
        // for IPv4 a table begins with its first route
        if (/FIB table does not exist/.test(one!.output)) continue
        if ('error' in result !== !one!.ok)
          differences.push(
            `${command}: ${'error' in result ? `refused here: ${result.error}` : `refused there: ${one!.output}`}\n${outline(
              world,
            )
              .filter((line) => !/"kernel"|fe80|ff00|127\.0/.test(line))
              .slice(0, process.env.NFWHY_SHOW ? 60 : 0)
              .join('\n')}`,
          )
        else if ('world' in result) {
          accepted++
          const [here, real] = [outline(result.world), outline(there)]
          const wrong = linesApart(here, real)
          if (wrong.length > 0) differences.push(`${command}: ${wrong.join('\n')}`)
        }
        world = there
      }
    })
    console.info(`${sequences.length} × 40 commands compared, ${accepted} accepted by both`)
    expect(differences.slice(0, 25).join('\n\n')).toBe('')
    expect(accepted).toBeGreaterThan(7 * count)
  })
})

describe.skipIf(whyNot('ip', 'bridge'))('addresses of IPv6, and ports of a bridge', () => {
  const listings = ['ip -d -j addr', 'ip -6 -j route show table all']
  const worldOf = ([links = '', routes = '']: readonly string[]): World => ({
    tables: [],
    sets: [],
    host: { ...ipAddrJson.read(links, () => {}).host, ...ipRouteJson.read(routes, () => {}).host },
  })
  /** Without link-local addresses, which each namespace has its own of. */
  const outline = (world: World) => everything(world).filter((line) => !line.includes('fe80::'))
  const everything = ({ host }: World) => [
    ...(host.links ?? []).flatMap(({ name, addresses = [], hairpin, isolated }) => [
      `${name} hairpin ${hairpin} isolated ${isolated}`,
      ...addresses.map(({ address }) => `${name} ${address}`),
    ]),
    ...(host.routes ?? []).map(({ type, destination, table, device, metric }) =>
      [type, destination, table, device, metric].join(' '),
    ),
  ]
  const setup = [...IP_SETUP, 'ip link add b0 type bridge', 'ip link set p0 master b0', 'ip link set p1 master b0']
  const route = 'ip -6 route show table local'
  const waits = (pattern: string) => `timeout 20 sh -c 'until ${route} | grep -q "${pattern}"; do sleep 0.02; done'`

  it.each([
    ['ip address add 2001:db8:9::9/128 dev d0 nodad', waits('9::9 dev d0')],
    ['ip address add 2001:db8:9::9/128 dev d2 nodad', waits('9::9 dev d2')],
    ['ip address add 2001:db8:0::1/128 dev d1 nodad', waits('::1 dev d1')],
    ['bridge link set dev p0 hairpin on', 'true'],
    ['bridge link set dev p1 isolated on', 'true'],
  ])('%s', (command, settled) => {
    const [before, after] = runSequences([
      { setup, commands: [], listings },
      { setup: [...setup, command, settled], commands: [], listings },
    ])
    const result = runOne(worldOf(before!.before), command)
    expect('world' in result && outline(result.world).sort()).toEqual(outline(worldOf(after!.before)).sort())
    expect(outline(worldOf(after!.before)).sort()).not.toEqual(outline(worldOf(before!.before)).sort())
  })
  it.each([
    ['ip address add 2001:db8::1/128 dev d0', 'already'],
    ['ip address del 2001:db8:9::9/128 dev d0', 'no address'],
    ['bridge link set dev d0 hairpin on', 'not a port'],
    ['bridge link set dev d9 hairpin on', 'no interface'],
  ])('refused: %s', (command, why) => {
    const [ran] = runSequences([{ setup, commands: [command], listings }])
    expect(ran!.results[0]!.ok).toBe(false)
    expect(runOne(worldOf(ran!.before), command)).toEqual({ error: expect.stringContaining(why) })
  })
})

describe.skipIf(whyNot('ip'))('neighbours', () => {
  const listings = ['ip -j addr', 'ip -j neigh show']
  const worldOf = ([links = '', neighbours = '']: readonly string[]): World => ({
    tables: [],
    sets: [],
    host: { ...ipAddrJson.read(links, () => {}).host, neighbours: neighboursOf(neighbours) },
  })
  const neighboursOf = (text: string) =>
    (JSON.parse(text || '[]') as { dst: string; dev: string; lladdr?: string; state: string[] }[]).map(
      ({ dst, dev, lladdr, state }) => ({
        ...{ family: dst.includes(':') ? ('ip6' as const) : ('ip' as const), address: dst, device: dev, state },
        ...(lladdr === undefined ? {} : { mac: lladdr }),
      }),
    )
  const outline = ({ host }: World) =>
    (host.neighbours ?? []).map(({ address, device, mac, state }) => [address, device, mac, ...state].join(' ')).sort()
  const entry = (address: string, mac: string) => `ip neigh replace ${address} dev d0 lladdr ${mac} nud permanent`
  const setup = [...IP_SETUP, ...[entry('192.0.2.7', '02:00:00:00:00:07'), entry('2001:db8::7', '02:00:00:00:00:08')]]

  it.each([
    entry('192.0.2.9', '02:00:00:00:00:09'),
    entry('192.0.2.7', '02:00:00:00:00:AA'),
    entry('2001:db8:0::7', '02:00:00:00:00:09'),
    'ip neigh del 192.0.2.7 dev d0',
    'ip -6 neighbour delete 2001:db8::7 dev d0',
    'ip n d to 192.0.2.7 dev d0',
  ])('%s', (command) => {
    const [before, after] = runSequences([
      { setup, commands: [], listings },
      { setup: [...setup, command], commands: [], listings },
    ])
    const known = worldOf(before!.before)
    const result = runOne(known, command)
    expect('world' in result && outline(result.world)).toEqual(outline(worldOf(after!.before)))
    expect(outline(worldOf(after!.before))).not.toEqual(outline(known))
    if (!('world' in result)) return
    // and back
    const parsed = parseCommand(command)
    const undo = 'edits' in parsed ? undoEdit(parsed.edits[0]!, known, result.world) : undefined
    const undone = undo && runOne(result.world, printEdit(undo[0]!))
    expect(undone && 'world' in undone && outline(undone.world)).toEqual(outline(known))
  })

  it.each([
    ['ip neigh del 192.0.2.8 dev d0', 'no neighbour entry'],
    ['ip neigh replace 192.0.2.8 dev d9 lladdr 02:00:00:00:00:01 nud permanent', 'no interface'],
  ])('refused: %s', (command, why) => {
    const [ran] = runSequences([{ setup, commands: [command], listings }])
    expect(ran!.results[0]!.ok).toBe(false)
    expect(runOne(worldOf(ran!.before), command)).toEqual({ error: expect.stringContaining(why) })
  })
})
