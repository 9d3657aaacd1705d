/**
 * Of several rulesets that say otherwise, the one that a capture's trace fits. A capture gets one for all of it: a packet
 * that fits several tells nothing, and packets of one capture mostly met the same rules.
 */
import { explain } from '../explain/explain.ts'
import type { Evidence } from '../journey/evidence.ts'
import { collectInto } from '../model/diagnostic.ts'
import { emptyWorld, type World } from '../model/world.ts'
import type { Alternative } from '../read/history.ts'
import { evaluateAll } from '../rules/evaluate.ts'
import { CaptureExplainer } from './capture.ts'
import type { JourneyClass } from './closed-journey.ts'
import type { Closed } from './explain-closed.ts'
import type { CaptureInput, Inputs, MachineInput } from './inputs/open.ts'
import { ReadError } from './inputs/source.ts'

/** Bytes of a capture that are read for it; the rest is believed to be as these are. */
const MOST_READ = 64e6

/** Captures that a message names. */
const MOST_NAMED = 3

/** Reads captures that can be read again, once; what it finds stays with the machine, and is told. */
export async function chooseRulesets(inputs: Inputs, idle?: number): Promise<void> {
  for (const machine of inputs.machines) {
    const { alternatives, captures } = machine
    if (!alternatives || machine.chosen || captures.length === 0) continue
    const fits: Fit[] = []
    for (const capture of captures) fits.push(await fitOf(capture, alternatives.list, idle))
    machine.chosen = new Map(fits.map(({ capture, used }) => [capture, used.world]))
    tellFits(fits, alternatives, inputs)
  }
}

interface Fit {
  capture: CaptureInput
  used: Alternative
  /** The trace contradicts none of them. */
  fitting: readonly Alternative[]
  /** It could not be read twice. */
  unread: boolean
}

async function fitOf(capture: CaptureInput, list: readonly Alternative[], idle: number | undefined): Promise<Fit> {
  if (!capture.source.again) return { capture, used: list[0]!, fitting: list, unread: true }
  const tries = list.map(({ world }) => new Try(capture, world, idle))
  let read = 0
  try {
    for await (const block of capture.source.blocks()) {
      for (const one of tries) one.explainer.push(block)
      read += block.length
      if (read > MOST_READ) break
    }
  } catch (error) {
    // what is wrong with it is told when it is explained
    if (!(error instanceof ReadError)) throw error
  }
  for (const one of tries) one.explainer.end()
  const fitting = list.filter((_, i) => tries[i]!.contradicted === 0)
  const least = Math.min(...tries.map(({ contradicted }) => contradicted))
  const used = list.find((_, i) => tries[i]!.contradicted === least)!
  return { capture, used, fitting, unread: false }
}

/** A capture laid on one ruleset. */
class Try {
  readonly explainer: CaptureExplainer
  /** Journeys that cannot have met these rules, of one class one. */
  contradicted = 0
  private readonly seen = new Set<JourneyClass>()

  constructor({ format }: CaptureInput, world: World, idle: number | undefined) {
    const options = idle === undefined ? {} : { idle: idle * 1e6 }
    this.explainer = new CaptureExplainer(
      format,
      world,
      () => undefined,
      (closed) => this.take(closed),
      options,
    )
  }

  private take(closed: Closed): void {
    const known = closed.class
    if (known?.fine) {
      if (this.seen.has(known)) return
      this.seen.add(known)
    }
    const evidence = closed.evidence()
    if (setsForbid(evidence, closed.world) || explain(evidence, closed.world).findings.some(isMismatch))
      this.contradicted++
  }
}

const isMismatch = ({ code }: { code: string }): boolean => code === 'ruleset-mismatch'

/**
 * A rule matched that these sets do not let match. Sets change by themselves, so this alone makes no ruleset wrong: but of
 * two that differ in it, it tells.
 */
function setsForbid({ journey, arrivals }: Evidence, { sets, host: { kernel } }: World): boolean {
  const world = { ...emptyWorld(), sets, host: kernel === undefined ? {} : { kernel } }
  return arrivals.some(
    ({ rule, packet, hook, alike = 1 }, i) =>
      journey.steps[i]!.kind === 'rule' &&
      rule !== undefined &&
      alike === 1 &&
      evaluateAll(rule.conditions, {
        packet,
        family: journey.family,
        world,
        ...(hook === undefined ? {} : { hook }),
      }) === false,
  )
}

type Alternatives = NonNullable<MachineInput['alternatives']>

function tellFits(fits: readonly Fit[], { list, untried, told }: Alternatives, { warnings }: Inputs): void {
  const isSure = ({ fitting }: Fit): boolean => fitting.length > 0 && fitting.length < list.length
  // that the latest is used is not so any more
  if (fits.every(isSure)) for (const one of told) if (warnings.includes(one)) warnings.splice(warnings.indexOf(one), 1)
  for (const [i, one] of list.entries()) {
    const report = collectInto(warnings, one.files.join(' and '))
    const of = fits.filter((fit) => fit.used === one && isSure(fit))
    const others = anyOf(list.filter((_, j) => j !== i))
    if (of.length > 0)
      report(
        'ruleset-chosen',
        `it was used for ${capturesOf(of)}; ${others} defines the same tables or sets differently`,
      )
    else if (fits.every(isSure))
      report(
        'ruleset-left',
        `it was not used: the traces contradict it, and ${others} defines the same tables or sets differently`,
      )
  }
  for (const fit of fits) {
    if (isSure(fit)) continue
    const report = collectInto(warnings, fit.capture.name)
    const what = `${anyOf(list)} was in force`
    const why = fit.unread
      ? 'nfwhy can read it only once, and cannot check whether'
      : fit.fitting.length === 0
        ? 'its trace contradicts all rulesets, so it is unknown whether'
        : 'its trace does not show whether'
    report('ruleset-unclear', `${why} ${what}; ${fit.used.files.join(' and ')} is used`)
  }
  if (untried > 0)
    collectInto(warnings, list[0]!.files.join(' and '))(
      'too-many-rulesets',
      `files define the same tables or sets in ${list.length + untried} versions; ${list.length} of them were tried`,
    )
}

const anyOf = (some: readonly Alternative[]): string => some.map(({ files }) => files.join(' with ')).join(' or ')

function capturesOf(fits: readonly Fit[]): string {
  const names = fits.slice(0, MOST_NAMED).map(({ capture }) => capture.name)
  return `${names.join(', ')}${fits.length > names.length ? ` and ${fits.length - names.length} more` : ''}`
}
