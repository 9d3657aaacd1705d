/** Faults in one setup, one after the other: put in, traced, diagnosed, mended by what the diagnosis proposes. */
import type { PrintedFix } from '../../../src/model/journey.ts'
import { Random } from '../generate/random.ts'
import { together } from './at-once.ts'
import { type Diagnosis, diagnose } from './diagnose.ts'
import type { Exchange, Result } from './exchange.ts'
import type { Fault, Kind, Scene } from './fault.ts'
import type { Filter } from './filters/filter.ts'
import { type Judgement, judge } from './judge.ts'
import type { MakeSetup, Probe, Setup } from './setup.ts'
import { Stage } from './stage.ts'

export interface Played {
  setup: string
  filter: Filter['name']
  seed: number
  probe: string
  fault: Fault
  /** What the client saw. */
  symptom: Result
  diagnosis: Diagnosis
  judgement: Judgement
  mended: Mended
  /** For whoever looks into it. */
  files: Record<string, string>
  log: string[]
}

export type Mended =
  /** The traffic works again, and everything else is as it was. */
  | { result: 'restored'; command: string }
  | { result: Failure; command: string; told: string }
  | { result: 'nothing proposed' }

type Failure = 'not restored' | 'refused by the tool' | 'something else changed' | 'not taken back'

/** Small seeds next to each other are to give setups that differ. */
const SPREAD = 7919

type Behaviour = Pick<Exchange, 'result' | 'arrived'>
type Changed = ReadonlyMap<Probe, Behaviour>

export interface Round {
  /** One fault of each kind that can be put into this traffic; kinds that cannot are left out. */
  played: Played[]
  /** What is said against the traffic while it works: nothing, if all is well. */
  accused: string[]
}

/** `chosen`: which of all kinds; `atOnce`: how many faults there are in one setup. */
export async function playFaults(
  make: MakeSetup,
  filter: Filter['name'],
  seed: number,
  chosen: (kind: number, name: string) => boolean,
  atOnce: number = 1,
): Promise<Round> {
  const stage = await Stage.open(make, seed * SPREAD, filter)
  try {
    return await playAll(
      stage,
      seed,
      stage.filter.kinds.filter(({ name: kind }, i) => chosen(i, kind)),
      atOnce,
    )
  } finally {
    await stage.close()
  }
}

async function playAll(stage: Stage, seed: number, kinds: readonly Kind[], atOnce: number): Promise<Round> {
  const { setup } = stage
  await stage.put()
  const healthy = new Map<Probe, Exchange>()
  for (const probe of setup.probes) healthy.set(probe, await unbroken(() => stage.ask(probe)))
  const [main] = setup.probes
  const broken = healthy.get(main!)!
  if (broken.result !== 'answered')
    throw new Error(
      `${setup.name}, seed ${seed}: ${main!.name} does not work: ${broken.result}\n${broken.log.join('\n')}`,
    )
  const files = await stage.state()
  const accused = [...healthy].flatMap(([probe, { result, log }]) =>
    result === 'answered'
      ? accusations(stage, log, files).map((said) => `${setup.name}, seed ${seed}, ${probe.name}: ${said}`)
      : [],
  )
  const played: Played[] = []
  const working = setup.probes.filter((probe) => healthy.get(probe)!.result === 'answered')
  for (const [i, kind] of kinds.entries()) {
    const random = new Random(seed * SPREAD * 1000 + i)
    for (const probe of random.shuffled(working)) {
      const one = healthy.get(probe)!
      const met = stage.filter.met(setup, files, one)
      const scene: Scene = { setup, topology: stage.lab.topology, random, probe, healthy: one, met }
      const found = kind.make(scene)
      const faults =
        atOnce === 1
          ? random.shuffled(found).slice(0, MOST)
          : await several(stage, random.shuffled(found), scene, atOnce)
      const done = await playFirst(stage, seed, faults, scene, healthy)
      if (!done) continue
      played.push(done)
      break
    }
  }
  return { played, accused }
}

/** What the machine's own question asked comes back to a socket that is not there: the lab has sent it by hand. */
const accusations = ({ filter }: Stage, log: readonly string[], files: Record<string, string>): string[] =>
  diagnose(filter.format, log, files)
    .journeys.flatMap(({ findings }) => findings)
    .filter(({ severity, code }) => severity !== 'note' && code !== 'refused-here')
    .map(({ code, message }) => `${code}: ${message}`)

/** Asks again where lines of the kernel log were lost. */
async function unbroken(ask: () => Promise<Exchange>): Promise<Exchange> {
  for (let left = 5; ; left--) {
    const exchange = await ask()
    if (!exchange.lost || left === 0) return exchange
  }
}

/** How many faults of one kind are tried before the traffic is left alone. */
const MOST = 8

/** One of them with others of other kinds, each of which stops the traffic by itself. */
async function several(stage: Stage, faults: readonly Fault[], scene: Scene, atOnce: number): Promise<Fault[]> {
  // with one route gone another may have no way to its gateway; and the kernel refuses some rules in some chains
  const isPut = ({ variant }: Fault) =>
    stage.put(variant).then(
      () => true,
      () => false,
    )
  const stops = async (fault: Fault) => (await isPut(fault)) && (await stage.ask(scene.probe)).result !== 'answered'
  const others = scene.random.shuffled(stage.filter.kinds.flatMap((kind) => kind.make(scene).slice(0, 1)))
  for (const one of faults.slice(0, MOST)) {
    if (!(await stops(one))) continue
    let all = one
    let left = MOST
    for (const other of others) {
      const parts = all.parts ?? [one]
      if (parts.length === atOnce) return [all]
      const more = parts.some(({ kind }) => kind === other.kind) ? undefined : together(all, other, stage.setup)
      if (more && left-- > 0 && (await stops(other)) && (await isPut(more))) all = more
    }
  }
  return []
}

/** The first that stops the traffic. */
async function playFirst(
  stage: Stage,
  seed: number,
  faults: readonly Fault[],
  scene: Scene,
  healthy: ReadonlyMap<Probe, Exchange>,
): Promise<Played | undefined> {
  for (const fault of faults) {
    const probe = fault.probe ?? scene.probe
    await fault.before?.(stage)
    if (!fault.before) await stage.put(fault.variant)
    else await stage.replace(fault.variant.tables ?? stage.setup.tables)
    const others = new Map<Probe, Behaviour>()
    for (const other of stage.setup.probes) if (other !== scene.probe) others.set(other, await stage.ask(other))
    const asked = await stage.ask(probe, fault.sport)
    if (asked.result === 'answered' || asked.lost) continue
    const files = await stage.state()
    const diagnosis = diagnose(stage.filter.format, asked.log, files)
    const mended = await mend(stage, diagnosis.fix, probe, fault, { arrived: scene.healthy.arrived, healthy, others })
    return {
      ...{ setup: stage.setup.name, filter: stage.filter.name, seed, probe: probe.name, fault, symptom: asked.result },
      ...{ diagnosis, judgement: judge(fault, diagnosis), mended, files, log: asked.log },
    }
  }
  return undefined
}

interface Known {
  /** Where the question arrived when all was well. */
  arrived: string
  healthy: ReadonlyMap<Probe, Behaviour>
  others: ReadonlyMap<Probe, Behaviour>
}

async function mend(
  stage: Stage,
  fix: PrintedFix | undefined,
  probe: Probe,
  fault: Fault,
  known: Known,
): Promise<Mended> {
  const command = fix?.command?.toString()
  if (command === undefined) return { result: 'nothing proposed' }
  const before = await rulesOf(stage)
  const { status, error } = await type(stage, command)
  if (status !== 0) return { result: 'refused by the tool', command, told: error.trim() }
  const { changed, ...mended } = await look(stage, command, probe, fault, known)
  if (fix?.undo === undefined) return mended
  const undo = fix.undo.toString()
  const back = await type(stage, undo)
  if (back.status !== 0) return { result: 'refused by the tool', command: undo, told: back.error.trim() }
  if ((await rulesOf(stage)) !== before)
    return { result: 'not taken back', command: undo, told: 'other rules than before' }
  return changed && (await isOfParts(stage, fault, changed)) ? { result: 'restored', command } : mended
}

/** Is all that works otherwise as it is with one of the faults alone, where the others are mended for everybody? */
async function isOfParts(stage: Stage, { parts = [] }: Fault, changed: Changed): Promise<boolean> {
  const left = new Map(changed)
  for (const { variant } of parts) {
    await stage.put(variant)
    for (const [other, now] of left) if (sameFor(stage.setup)(await stage.ask(other), now)) left.delete(other)
  }
  return left.size === 0
}

/** Rules in their order and elements in any, without what counters hold, and the kernel's own numbers. */
async function rulesOf({ filter, lab }: Stage): Promise<string> {
  const text = Object.values(await filter.state(lab)).join('\n')
  const elements: string[] = []
  const rules = text
    // rules fill these
    .replace(/(?<=flags dynamic[^}]*?)\s*elements = \{[^}]*\}/g, '')
    .replace(/elements = \{([^}]*)\}/g, (_, list: string) => {
      elements.push(...list.split(',').map((one) => one.trim()))
      return ''
    })
    .replace(/^#.*|^add .*| # handle \d+|(?<=counter) packets \d+ bytes \d+|\[\d+:\d+\]/gm, '')
  return `${rules}\n${elements.sort().join('\n')}`
}

const type = (stage: Stage, command: string) => stage.lab.run(['sh', '-c', stage.filter.typed(command)])

/** What came of the command. */
async function look(
  stage: Stage,
  command: string,
  probe: Probe,
  fault: Fault,
  known: Known,
): Promise<Mended & { changed?: Changed }> {
  const again = await stage.ask(probe, fault.sport)
  if (again.result !== 'answered') return { result: 'not restored', command, told: again.result }
  const same = sameFor(stage.setup)
  const to = (arrived: string) => ({ result: again.result, arrived: arrived.replace(/^.* > /, '') })
  // its source may be another one
  if (known.arrived !== '' && !same(to(again.arrived), to(known.arrived)))
    return { result: 'not restored', command, told: `answered by ${again.arrived}, in place of ${known.arrived}` }
  const changed = new Map<Probe, Behaviour>()
  const told: string[] = []
  for (const [other, before] of known.others) {
    const now = await stage.ask(other)
    // what the fault had broken too may work again
    if (same(now, before) || same(now, known.healthy.get(other)!)) continue
    changed.set(other, now)
    told.push(`${other.name}: ${before.result} → ${now.result} (${now.arrived})`)
  }
  if (told.length > 0) return { result: 'something else changed', command, told: told.join('; '), changed }
  return { result: 'restored', command }
}

function sameFor({ alike = [] }: Setup) {
  const place = (arrived: string) => alike.reduce((text, ip) => text.replaceAll(ip, alike[0]!), arrived)
  return (a: Behaviour, b: Behaviour): boolean => a.result === b.result && place(a.arrived) === place(b.arrived)
}
