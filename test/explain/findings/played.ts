/**
 * Captures of packets on a small router: the lines that the model says the kernel prints (test/kernel holds it to the
 * kernel), read and explained as any log is.
 */

import { fixCommands } from '../../../src/edits/fix.ts'
import { nameRef } from '../../../src/explain/refs.ts'
import type { ConntrackEntry, Finding, Host, Journey, Packet } from '../../../src/index.ts'
import type { NamedSet } from '../../../src/model/ruleset.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { Simulator } from '../../../src/simulate/simulator.ts'
import { explainLog } from '../../journey/journeys.ts'
import { dmesg, type TestPacket, trace } from '../../journey/kernel-lines.ts'
import { makeWorld, ROUTER } from '../../simulate/world.ts'

export const SYN: Packet = {
  ...{ in: 'eth0', protocol: 'tcp', src: '10.0.1.2', sport: 40_000, dst: '10.0.2.2', dport: 80 },
  ...{ tcpFlags: ['syn'], tcpOptions: '020405B4', tcpSeq: 7, ipId: 1 },
}
/** What comes back to it. */
export const REPLY: Packet = {
  ...SYN,
  ...{ in: 'eth1', src: '10.0.2.2', sport: 80, dst: '10.0.1.2', dport: 40_000, tcpFlags: ['syn', 'ack'] },
}
/** To the router itself. */
export const TO_ROUTER: Packet = { ...SYN, dst: '10.0.1.1' }

/** TCP sockets of the router's own programs, in host state. */
export const LISTENS_ON = (...ports: number[]): Host => ({
  sockets: ports.map((port) => ({ protocol: 'tcp', family: 'ip', state: 'LISTEN', port })),
})

const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
}

/** By table, as iptables -S prints them; `[5:300] -A …`: with counters; `-N` for chains without rules. */
export type Rules = Readonly<Record<string, readonly string[]>>

/** As iptables-save prints it: every table, and filter with all of its chains. */
export function saved(rules: Rules): string {
  return Object.entries(BUILT_IN)
    .filter(([table]) => rules[table] !== undefined)
    .map(([table, builtIn]) => {
      const lines = rules[table]!
      const policy = (chain: string) => lines.find((line) => line.startsWith(`-P ${chain} `))?.split(' ')[2] ?? 'ACCEPT'
      const named = lines.flatMap((line) => /(?:^|\] )-[AN] (\S+)/.exec(line)?.[1] ?? [])
      const own = [...new Set(named)].filter((chain) => !builtIn.includes(chain))
      return [
        `*${table}`,
        ...builtIn.map((chain) => `:${chain} ${policy(chain)} [0:0]`),
        ...own.map((chain) => `:${chain} - [0:0]`),
        ...lines.filter((line) => /^(\[\d+:\d+\] )?-A /.test(line)),
        'COMMIT',
        '',
      ].join('\n')
    })
    .join('\n')
}

export interface Case {
  rules: Rules
  packet?: Packet
  /** Default: what ROUTER has. */
  host?: Host
  sets?: NamedSet[]
  /** What to take for given of conditions that nobody can know. */
  assume?: ReadonlyMap<string, boolean>
  /** Sent first through the same machine, and not captured. */
  before?: readonly Packet[]
  /** Connections as they were listed behind the packet. */
  listed?: ConntrackEntry[]
}

export function played({ rules, packet = SYN, host = {}, before = [], sets = [], assume, listed }: Case): Journey {
  const world = makeWorld(saved(rules), { ...ROUTER, ...host })
  world.sets.push(...sets)
  const machine = new Simulator(world, assume ? { assume } : {})
  for (const one of before) machine.send(one)
  const { journey, arrivals } = machine.send(packet).evidence
  const lines = journey.steps.map(({ table, chain, kind, reported, ruleNumber, ...at }, i) => {
    const shown: TestPacket = {
      ...{
        src: at.src ?? '',
        dst: at.dst ?? '',
        id: packet.ipId ?? 1,
        ttl: arrivals[i]!.packet.ttl ?? 64,
        seq: packet.tcpSeq ?? 7,
      },
      ...(packet.protocol === 'udp' || packet.protocol === 'icmp' ? { protocol: packet.protocol } : {}),
      ...(packet.tcpWindow === undefined ? {} : { window: packet.tcpWindow }),
      ...(packet.tcpFlags ? { flags: packet.tcpFlags.map((flag) => flag.toUpperCase()).join(' ') } : {}),
      ...(at.in === undefined ? {} : { in: at.in }),
      ...(at.out === undefined ? {} : { out: at.out }),
      ...(at.sport === undefined ? {} : { sport: at.sport }),
      ...(at.dport === undefined ? {} : { dport: at.dport }),
      ...(at.mark === undefined ? {} : { mark: at.mark }),
      ...(arrivals[i]!.packet.tos ? { tos: arrivals[i]!.packet.tos } : {}),
    }
    return trace(`${table}:${chain}:${reported ?? kind}:${ruleNumber}`, shown)
  })
  const seen = listed ? { ...world, host: { ...world.host, conntrack: listed } } : world
  return explainLog(dmesg(lines), seen, [], { engine: modelEngine }).journeys[0]!
}

/** The first packet of lines as they are, where the model cannot tell what becomes of it. */
export function captured(rules: Rules, lines: readonly string[], host: Host = {}): Journey {
  const world = makeWorld(saved(rules), { ...ROUTER, ...host })
  return explainLog(dmesg(lines), world, [], { engine: modelEngine }).journeys[0]!
}

export const findingsOf = ({ findings }: Journey, code: string): Finding[] =>
  findings.filter((one) => one.code === code)

/** What it says, the rules that it points at, and its first command with what came of that; undefined: it is not there. */
export function told(one: Case, code: string): { message: string; rules: string[]; fix?: string } | undefined {
  const [first] = findingsOf(played(one), code)
  if (!first) return undefined
  const fix = first.fix.find((one) => one.edits ?? one.look)
  const came = fix && (fix.verified ? `${fix.after}${fix.but ? `, but ${fix.but}` : ''}` : fix.unverified)
  return {
    message: first.message,
    rules: first.rules.map(nameRef),
    ...(fix ? { fix: `${fixCommands(fix).command} → ${came}` } : {}),
  }
}
