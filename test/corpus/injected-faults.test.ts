/**
 * One fault in a stranger's ruleset, and a packet that came through without it, played in the model: is the fault named, and does
 * the first fix mend it and nothing else? No kernel judges here, and nothing is asserted but that none of it throws: it is to find kinds of rules that the setups of test/kernel/faults do not have.
 *
 *     npx vitest run --config vitest.corpus.config.ts injected-faults
 *     NFWHY_CORPUS_FAULTS_SEED=2 NFWHY_CORPUS_FAULTS_OF=docker NFWHY_CORPUS_FAULTS_KEEP=DIR …
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { applyTo } from '../../src/analysis/apply.ts'
import { PlayedGroups } from '../../src/analysis/play-groups.ts'
import { playPackets } from '../../src/analysis/simulate.ts'
import { worstFirst } from '../../src/analysis/worst-first.ts'
import type { Journey, PrintedFix, Step } from '../../src/model/journey.ts'
import type { Packet } from '../../src/model/packet.ts'
import type { World } from '../../src/model/world.ts'
import { printedGroup } from '../../src/reports/printed-group.ts'
import { buildWorld } from '../kernel/compare/explained.ts'
import { firstHelping } from '../kernel/faults/diagnose.ts'
import type { Culprit, Fault, Met, Scene } from '../kernel/faults/fault.ts'
import { judge } from '../kernel/faults/judge.ts'
import { KINDS } from '../kernel/faults/kinds/index.ts'
import { NFT_KINDS } from '../kernel/faults/kinds/nft/index.ts'
import type { Table } from '../kernel/faults/table.ts'
import { Random } from '../kernel/generate/random.ts'
import { makeTopology, type Topology } from '../kernel/lab/topology.ts'
import { type MadeHost, makeHost, toIp } from './faults/host.ts'
import { makeProbes } from './faults/probes.ts'
import { printIptablesSave, printNft, readIptablesSave, readNftList } from './faults/tables.ts'

const corpus = process.env.NFWHY_CORPUS ?? new URL('../../../shared/corpus', import.meta.url).pathname
const seed = Number(process.env.NFWHY_CORPUS_FAULTS_SEED ?? 1)
const of = new RegExp(process.env.NFWHY_CORPUS_FAULTS_OF ?? '')
const keep = process.env.NFWHY_CORPUS_FAULTS_KEEP
const MOST_RULES = 300
/** Of the kinds every so manieth, in each ruleset others. */
const counted = process.env.NFWHY_CORPUS_FAULTS_COUNTED !== '0'
const SHARE = Number(process.env.NFWHY_CORPUS_FAULTS_SHARE ?? 6)
/** Packets that no fix may change. */
const OTHERS = 30

interface Ruleset {
  name: string
  isNft: boolean
  tables: Table[]
}

const rulesets = existsSync(corpus) ? [...iptablesSaves(), ...nftLists()].filter(({ name }) => of.test(name)) : []
const GOOD = ['delivered', 'forwarded', 'sent']

it.skipIf(rulesets.length === 0)('are named, and mended', { timeout: 3_600_000 }, async () => {
  const figures: Record<string, Record<string, number>> = {}
  const told: string[] = []
  for (const ruleset of rulesets) {
    const backend = ruleset.isNft ? 'nft' : 'iptables'
    figures[backend] ??= {}
    const figure = figures[backend]
    const count = (what: string) => {
      figure[what] = (figure[what] ?? 0) + 1
    }
    try {
      for await (const one of playRuleset(ruleset)) {
        count('cases')
        count(`named ${one.named}`)
        count(one.mended.split(':')[0]!)
        if (!one.named || one.mended !== 'restored')
          told.push(`${ruleset.name}: ${one.about}: ${one.named ? '' : 'NOT NAMED; '}${one.mended}`)
        if (keep !== undefined) {
          mkdirSync(keep, { recursive: true })
          writeFileSync(
            join(keep, `${`${ruleset.name} ${one.kind}`.replace(/[^\w+]+/g, '-')}.json`),
            JSON.stringify(one, undefined, 1),
          )
        }
      }
    } catch (error) {
      told.push(`${ruleset.name}: THROWS ${(error as Error).stack?.slice(0, 600)}`)
    }
  }
  console.info(told.join('\n'))
  console.table(figures)
  expect(told.filter((one) => one.includes('THROWS'))).toEqual([])
})

interface Played {
  kind: string
  about: string
  packet: Packet
  files: Record<string, string>
  named: boolean
  mended: string
  journeys: Journey<PrintedFix>[]
  fix?: PrintedFix
}

async function* playRuleset({ name, isNft, tables }: Ruleset): AsyncGenerator<Played> {
  const random = new Random(hash(name) * 7919 + seed)
  const print = isNft ? printNft : printIptablesSave
  const rules = tables.flatMap(({ chains }) =>
    chains.flatMap((chain) => chain.rules.map((rule) => `-A ${chain.name} ${rule}`)),
  )
  if (rules.length === 0 || rules.length > MOST_RULES) return
  const host = makeHost(rules.join('\n'), random)
  const used = new Set<string>()
  /** What came through when all was well has been counted; absent: nothing was. */
  const hits = counted
    ? (table: string, chain: string, rule: string) => (used.has(`${table} ${chain} ${rule}`) ? 7 : 0)
    : undefined
  const filesOf = (changed: readonly Table[]): Record<string, string> => ({
    [isNft ? 'ruleset.nft' : 'iptables-save.txt']: print(changed, hits),
    ...host.files,
  })
  const { world } = buildWorld({ ...filesOf(tables) })
  const all = makeProbes(rules, host, random, 120)
  const healthy = all.flatMap((packet) => {
    const one = play(world, packet)
    return one.isGood ? [{ packet, ...one }] : []
  })
  if (healthy.length === 0) return
  for (const one of healthy)
    for (const { table, chain, rule } of metOf(tables, one)) used.add(`${table} ${chain} ${rule}`)
  const kinds = isNft ? NFT_KINDS : KINDS
  for (const [i, kind] of kinds.entries()) {
    if ((i + hash(name) + seed) % SHARE !== 0) continue
    let left = 6
    tries: for (const one of random.shuffled(healthy).slice(0, 8)) {
      const met = metOf(tables, one)
      const scene = {
        setup: { name, about: '', tables, services: [], probes: [] },
        ...{ topology: topologyOf(host, one.packet), random, met },
        probe: { name: 'the packet', at: 'left', packet: one.packet },
        healthy: { arrived: '' },
      } as unknown as Scene
      let faults: Fault[] = []
      try {
        faults = random.shuffled(kind.make(scene))
      } catch {
        continue
      }
      for (const fault of faults) {
        const { tables: changed, changes, servers, services, sets } = fault.variant
        if (!changed || changes || servers || services || sets || fault.probe || fault.before || left-- <= 0) continue
        const files = filesOf(changed)
        let faulty: World
        try {
          faulty = buildWorld(files).world
        } catch {
          continue
        }
        const now = play(faulty, one.packet)
        if (now.isGood || now.isOpen) continue
        const { named } = judge(
          { ...fault, culprits: fault.culprits.map((culprit) => placed(culprit, changed)) },
          { journeys: now.said, warnings: [] },
        )
        const mended = await mend(faulty, world, now, one, all.slice(0, OTHERS))
        yield {
          ...{ kind: kind.name, about: `${kind.name}: ${fault.about}`, packet: one.packet, files, named, mended },
          journeys: now.journeys,
          ...(now.fix ? { fix: now.fix } : {}),
        }
        break tries
      }
    }
  }
}

/** What is put behind an empty chain's end stands at its begin. */
function placed(culprit: Culprit, tables: readonly Table[]): Culprit {
  if (!('rule' in culprit)) return culprit
  const { table, chain, ruleNumber } = culprit.rule
  const { rules } = tables.find(({ name }) => name === table)!.chains.find(({ name }) => name === chain)!
  return { rule: { table, chain, ruleNumber: Math.min(ruleNumber, rules.length) } }
}

/** As faults know the network: the sides that the packet comes from, and another one. */
function topologyOf({ devices, nets, own }: MadeHost, { in: device }: Packet): Topology {
  const made = makeTopology(0x2a2b)
  const side = (of: 'left' | 'right', name: string) => {
    const net = nets.find((one) => one.device === name) ?? nets[0]!
    return {
      ...made.sides[of],
      ...{ interface: name, ip: own.get(name)![0]!.split('/')[0]!, net: `${toIp(net.base)}/${net.bits}` },
    }
  }
  const other = devices.find((one) => one !== device)!
  const sides = { left: side('left', device!), right: side('right', other) }
  const hosts = made.hosts.map((one, i) => {
    const net = nets.find(({ device: at }) => at === sides[one.side].interface) ?? nets[0]!
    return { ...one, ip: toIp(net.base + 2 + i) }
  })
  return { ...made, sides, hosts }
}

interface Outcome {
  isGood: boolean
  isOpen: boolean
  /** What became of it, with where it went. */
  fate: string
  journey: Journey
  reply?: Journey
  journeys: Journey<PrintedFix>[]
  /** With what is said of the exchange. */
  said: Journey<PrintedFix>[]
  fix?: PrintedFix
}

function play(world: World, packet: Packet): Outcome {
  const played = new PlayedGroups()
  for (const one of playPackets(world, [packet], [])) played.take(one)
  played.tellExchanges()
  const [group] = played.groups
  const { journey } = group!
  const reply = played.replyOf(group!)
  const status = group!.exchanges?.worst.status
  const last = journey.steps.at(-1)
  const printed = worstFirst(played.groups).map((one) => printedGroup(one))
  const journeys = printed.map((one) => one.journey)
  const said = printed.flatMap((one) => {
    const { culprit, findings } = one.exchanges?.worst ?? { findings: [] }
    return [one.journey, { ...one.journey, ...(culprit ? { culprit } : {}), findings } as Journey<PrintedFix>]
  })
  const fix = firstHelping(journeys)
  const isBad = status !== undefined && ['dropped', 'rejected', 'reply-lost', 'refused'].includes(status)
  const isAnswered = reply === undefined || GOOD.includes(reply.outcome)
  return {
    isGood:
      GOOD.includes(journey.outcome) &&
      !isBad &&
      isAnswered &&
      !journeys.some(({ findings }) => findings.some(({ severity }) => severity === 'error')),
    isOpen: status === 'undetermined' || journey.outcome === 'undetermined',
    fate: `${status} ${journey.outcome} ${last?.out ?? ''} ${last?.dst ?? ''} ${last?.dport ?? ''}`,
    journey,
    journeys,
    said,
    ...(reply ? { reply } : {}),
    ...(fix ? { fix } : {}),
  }
}

function metOf(tables: readonly Table[], { journey, reply, packet }: Outcome & { packet: Packet }): Met[] {
  const of = (which: Met['of'], steps: readonly Step[]): Met[] =>
    steps.flatMap((step) => {
      const table = tables.find(
        ({ name }) => name === step.table || name === `${step.family} ${step.table}` || name === `inet ${step.table}`,
      )
      const chain = table?.chains.find(({ name }) => name === step.chain)
      if (!chain || step.ruleNumber === undefined || !step.hook) return []
      const index = step.kind === 'rule' ? step.ruleNumber - 1 : chain.rules.length
      const rule = chain.rules[index]
      const { in: device, out, src, dst, sport, dport } = step
      const type =
        /nat/.test(chain.base ?? (table!.name === 'nat' ? 'nat' : '')) || table!.name === 'nat' ? 'nat' : 'filter'
      return [
        {
          ...{ of: which, table: table!.name, chain: chain.name, hook: step.hook, type, index },
          ...(rule === undefined ? {} : { rule }),
          packet: { ...packet, ...JSON.parse(JSON.stringify({ in: device, out, src, dst, sport, dport })) },
        } as Met,
      ]
    })
  return [...of('question', journey.steps), ...of('answer', reply?.steps ?? [])]
}

async function mend(
  faulty: World,
  healthy: World,
  now: Outcome,
  was: Outcome & { packet: Packet },
  all: readonly Packet[],
): Promise<string> {
  const command = now.fix?.command?.toString()
  if (command === undefined) return 'nothing proposed'
  let mended: World
  try {
    mended = await applyTo(faulty, command)
  } catch (error) {
    return `refused: ${command}: ${(error as Error).message}`
  }
  const after = play(mended, was.packet)
  if (!after.isGood) return `not restored: ${command}: ${after.fate}`
  const endsOf = ({ in: device, protocol, src, dst, dport }: Packet) => [device, protocol, src, dst, dport].join(' ')
  for (const other of all) {
    if (endsOf(other) === endsOf(was.packet)) continue
    const { fate } = play(mended, other)
    const before = play(faulty, other).fate
    if (fate === before || fate === play(healthy, other).fate) continue
    // whether anybody replies is not known of the one or the other
    if (/^undetermined/.test(before) || /^undetermined/.test(fate)) continue
    return `changes others: ${command}: ${other.in} ${other.protocol} ${other.src} > ${other.dst}:${other.dport}: ${before} → ${fate}`
  }
  const withoutStatus = (fate: string) => fate.replace(/^\w+ /, '')
  return withoutStatus(after.fate) === withoutStatus(was.fate)
    ? 'restored'
    : `restored otherwise: ${command}: ${was.fate} → ${after.fate}`
}

function* iptablesSaves(): Generator<Ruleset> {
  for (const file of readdirSync(join(corpus, 'iptables')).filter((one) => one.endsWith('.rules'))) {
    const tables = readIptablesSave(readFileSync(join(corpus, 'iptables', file), 'utf8'))
    if (tables) yield { name: `iptables/${file}`, isNft: false, tables }
  }
}

/** As the kernel lists them. */
function* nftLists(): Generator<Ruleset> {
  for (const file of readdirSync(join(corpus, 'nft-wild')).filter((one) => one.endsWith('.nft'))) {
    let text: string
    try {
      const path = join(corpus, 'nft-wild', file)
      text = execFileSync('unshare', ['-rn', 'sh', '-c', 'nft -f "$0" && nft list ruleset', path], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
    } catch {
      continue
    }
    const tables = readNftList(text)
    if (tables) yield { name: `nft/${file}`, isNft: true, tables }
  }
}

/** Of a name, always the same. */
const hash = (name: string) => [...name].reduce((sum, one) => (sum * 31 + one.charCodeAt(0)) % 1_000_003, 7)
