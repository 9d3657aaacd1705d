/** A situation made real, traced, explained, mended by what is shown first, and undone again. */
import { build } from '../../../src/demo/build.ts'
import type { HostSpec, Incident, Seen, Sending } from '../../../src/demo/incident.ts'
import { Lab } from '../../../src/demo/lab.ts'
import { Sender } from '../../../src/demo/send.ts'
import { toolsFor } from '../../../src/demo/tools.ts'
import { alternatives } from '../../../src/filter/alternatives.ts'
import { parseFilter } from '../../../src/filter/parse.ts'
import { type Exchange, JourneyIds, open, printedExchange } from '../../../src/index.ts'
import { prepare, Session } from '../../../src/live/session.ts'
import type { PrintedFix } from '../../../src/model/journey.ts'
import { helps } from '../../../src/model/outcome-kinds.ts'
import { distinctFixes } from '../../../src/reports/findings.ts'
import {
  type IpVersion,
  inIpv6,
  MACHINES,
  type MachineName,
  type Program,
  restored,
  type Situation,
} from './situation.ts'

export interface Played {
  name: string
  sees: Seen
  exchange: Exchange | undefined
  /** `code: message` of findings, in their order. */
  said: string[]
  fix: PrintedFix | undefined
  /** What the sender saw once the fix was typed; what the shell said, where it refused. */
  mended: Seen | 'by hand' | `refused: ${string}`
  /** What is not as it was once the fix was undone. */
  left: string[]
  files: ReadonlyMap<string, Uint8Array>
  warnings: string[]
}

const NAMES: readonly MachineName[] = ['world', 'router', 'server']
/** Every host has some. */
const EVERYWHERE = [
  { protocol: 'tcp', port: 22 },
  { protocol: 'udp', port: 123 },
] as const
const LISTENERS = [
  { protocol: 'tcp', port: 80 },
  { protocol: 'udp', port: 53 },
] as const

export async function play(situation: Situation, program: Program, version: IpVersion): Promise<Played> {
  const six = version === 6
  const words = (text: string) => (six ? inIpv6(text) : text)
  const sending = (one: Sending): Sending => ({ ...one, to: words(one.to) })
  const lab = await Lab.open(NAMES)
  try {
    const incident = await incidentOf(lab, situation, program, version)
    await build(lab, incident)
    const { v4, v6 } = toolsFor(program)
    const tool = `iptables() { ${six ? v6 : v4} "$@"; }\nip6tables() { ${v6} "$@"; }\n`
    const shell = (host: string, line: string) => lab.must(host, ['sh', '-ec', `${tool}${words(line)}`])
    for (const name of NAMES) for (const line of situation.setup?.[name] ?? []) await shell(name, line)
    const any = six ? '::' : '0.0.0.0'
    for (const name of ['world', 'server'] as const)
      for (const listener of LISTENERS) await lab.ask(name, { do: 'listen', address: any, ...listener })
    for (const listener of [...EVERYWHERE, ...(situation.listeners ?? [])])
      await lab.ask('router', { do: 'listen', address: any, ...listener })
    if (situation.proxy !== undefined) {
      await lab.ask('router', { do: 'watch', name: 'proxy', argv: ['python3', '-c', proxyOn(situation.proxy, six)] })
      await shell(
        'router',
        `for i in $(seq 100); do ss -ltn | grep -q :${situation.proxy} && exit; sleep 0.05; done; exit 1`,
      )
    }
    const sender = new Sender(lab)
    for (const one of situation.earlier?.sendings ?? []) await sender.send(sending(one), 'nothing')
    for (const line of situation.earlier?.change ?? []) await shell('router', line)
    const { files, sent } = await traced(lab, program, async () => {
      const one = await sender.send(sending(situation.packet), situation.sees)
      // the capture goes on behind it
      await lab.run('server', ['ping', '-n', '-c', '1', '-W', '1', words('10.9.0.1')])
      return one
    })
    const analysis = await open([...files].map(([name, bytes]) => ({ name, bytes })))
    const { exchanges } = await analysis.exchanges()
    const asked = sending(situation.packet)
    const exchange =
      exchanges.findLast(
        ({ asked: { dst, dport } }) => dst === asked.to && (asked.what === 'ping' || dport === asked.port),
      ) ?? exchanges.findLast(({ asked: { sport } }) => sport === sent.sport)
    const told = exchange?.findings ?? []
    const tell = ({ code, message }: { code: string; message: string }) => `${code}: ${message}`
    const fix = exchange && shownFirst(exchange)
    const before = await stateOf(lab, program, six)
    // who is still asked for with the address of before the fix is given up together with what waits for the answer
    await shell('router', 'for i in $(seq 100); do ip neigh show nud incomplete | grep -q . || exit 0; sleep 0.1; done')
    const mended = await mend(lab, fix, () =>
      sender.send(asked, situation.mended === 'by hand' ? 'nothing' : situation.mended),
    )
    let left: string[] = []
    if (fix?.undo && !mended.startsWith('refused')) {
      const { status, err } = await lab.run('router', ['sh', '-ec', fix.undo.toString()])
      const after = await stateOf(lab, program, six)
      left = status !== 0 ? [`undo refused: ${err.trim()}`] : after.filter((line, i) => line !== before[i])
    }
    return {
      name: situation.name,
      sees: sent.seen,
      exchange,
      said: told.map(tell),
      ...{ fix, mended, left, files },
      warnings: analysis.warnings.map(({ code, message }) => `${code}: ${message}`),
    }
  } finally {
    await lab.close()
  }
}

async function incidentOf(
  lab: Lab,
  { rules, nft }: Situation,
  program: Program,
  version: IpVersion,
): Promise<Incident> {
  const text = version === 6 ? inIpv6(restored(rules)) : restored(rules)
  const translator = version === 6 ? 'ip6tables-restore-translate' : 'iptables-restore-translate'
  const translated = async () => {
    const script = await lab.must('router', ['sh', '-c', `cat | ${translator} -f /dev/stdin`], text)
    const missing = /^# -t .*/m.exec(script)
    if (missing) throw new Error(`nft has no words for ${missing[0]}`)
    return script
  }
  const own =
    program === 'nft'
      ? { nft: nft === undefined ? await translated() : version === 6 ? inIpv6(nft) : nft }
      : version === 6
        ? { v6: text }
        : { v4: text }
  const host = (spec: HostSpec): HostSpec =>
    version === 4
      ? spec
      : {
          ...spec,
          addresses: Object.fromEntries(
            Object.entries(spec.addresses ?? {}).map(([name, list]) => [name, list.map(inIpv6)]),
          ),
          routes: (spec.routes ?? []).map((route) => inIpv6(route).replace('default', '::/0')),
        }
  const { world, router, server } = MACHINES
  return {
    hosts: { world: host(world), router: { ...host(router), rules: own }, server: host(server) },
    links: [
      ['world:wan', 'router:wan'],
      ['world:vpn', 'router:vpn'],
      ['router:lan', 'server:eth0'],
    ],
    backend: program,
  } as unknown as Incident
}

async function traced<T>(
  lab: Lab,
  backend: Program,
  work: () => Promise<T>,
): Promise<{ files: Map<string, Uint8Array>; sent: T }> {
  const filter = parseFilter('tcp or udp or icmp or icmp6')
  if (!('condition' in filter)) throw new Error(filter.error.message)
  const files = new Map<string, Uint8Array>()
  const wish = {
    ...{ backend, alternatives: alternatives(filter.condition).list, rate: undefined, deadline: 60 },
    ...{ log: false, programs: true, takeOver: false },
  }
  const place = { name: 'router', prefix: lab.entry('router') }
  const session = await Session.start(await prepare(place, wish, `nfwhy-${process.pid}${Date.now() % 100_000}`), {
    ids: new JourneyIds(),
    onClosed: () => {},
    onLeftOut: () => {},
    onPause: () => {},
    tellsEach: true,
    isFull: () => false,
    places: 1,
    drops: false,
    onDrops: () => {},
    onFiles: (list) => {
      for (const [name, bytes] of list) files.set(name, bytes)
    },
    onChunk: (stream, { id }, chunk) => {
      const name = `trace-${stream + 1}.${id === 'nft-trace' || id === 'xtables-monitor' ? 'txt' : 'pcap'}`
      files.set(name, Buffer.concat([files.get(name) ?? Buffer.alloc(0), chunk]))
    },
    warn: () => {},
  })
  try {
    return { files, sent: await work() }
  } finally {
    await session.stop()
  }
}

/** IP_TRANSPARENT, IPV6_TRANSPARENT. */
const proxyOn = (port: number, six: boolean): string => `import socket
s = socket.socket(socket.AF_INET${six ? '6' : ''})
s.setsockopt(${six ? '41, 75' : '0, 19'}, 1)
s.bind(('', ${port}))
s.listen()
while True: s.accept()[0].close()`

/** The first that was tried and helps; where the model cannot tell, the first that changes something. */
function shownFirst(exchange: Exchange): PrintedFix | undefined {
  const fixes = distinctFixes(printedExchange(exchange))
  return (
    fixes.find((fix) => fix.verified !== undefined && helps(fix)) ??
    fixes.find(({ verified, undo }) => verified === undefined && undo !== undefined)
  )
}

async function mend(
  lab: Lab,
  fix: PrintedFix | undefined,
  again: () => Promise<{ seen: Seen }>,
): Promise<Played['mended']> {
  if (fix?.command === undefined) return 'by hand'
  const { status, err } = await lab.run('router', ['sh', '-ec', fix.command.toString()])
  if (status !== 0) return `refused: ${err.trim()}`
  return (await again()).seen
}

/** Rules without counters, routes, settings. */
async function stateOf(lab: Lab, program: Program, six: boolean): Promise<string[]> {
  const { v4, v6 } = toolsFor(program)
  const own = program === 'nft' ? [] : [[`${six ? v6 : v4}-save`]]
  const commands = [...own, ...(program === 'xtables-nft' ? [] : [['nft', '-s', 'list', 'ruleset']])]
  const all = [
    ...commands,
    ['ip', 'rule'],
    ['ip', '-6', 'rule'],
    ['ip', 'route', 'show', 'table', 'all'],
    ['ip', '-6', 'route', 'show', 'table', 'all'],
  ]
  const texts: string[] = []
  for (const argv of all) texts.push(stable(await lab.must('router', argv)))
  return texts
}

const stable = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.replace(/\[\d+:\d+\]|expires \S+|counter packets \d+ bytes \d+/g, ''))
    .join('\n')
