/** The model as an Engine: packets and a World → the journeys that a TRACE of them would show. */

import type { OwnTruths } from '../journey/engine.ts'
import { NO_WAYS, type Ways, wayOf } from '../journey/ways.ts'
import type { Condition } from '../model/condition.ts'
import { countWords } from '../model/count-words.ts'
import type { ConntrackEntry } from '../model/host.ts'
import { isNameless, type Packet } from '../model/packet.ts'
import type { World } from '../model/world.ts'
import { originOf } from '../rules/conntrack/without-entry.ts'
import { conditionText, evaluate } from '../rules/evaluate.ts'
import { isUnknown, type Truth } from '../rules/truth.ts'
import { WalkBudget } from '../rules/walk-budget.ts'
import { Allowances } from './allowances.ts'
import { attachAnswer } from './conntrack.ts'
import { ConntrackTable } from './conntrack-table.ts'
import { withDefaults } from './defaults.ts'
import { type Hooks, hooksOf } from './hooks.ts'
import { invalidateState } from './invalidate-state.ts'
import { momentOf } from './moment.ts'
import { packetState } from './packet-state.ts'
import { Settings } from './settings.ts'
import { Simulated } from './simulated.ts'
import { Skb } from './skb.ts'
import { type End, traverse } from './traverse.ts'
import { type Open, Undetermined } from './undetermined.ts'
import { openBehind, type UnshownChain } from './unshown-chains.ts'

type Scalar = string | number

/** What a machine is given besides its World. */
export interface SimulatorOptions {
  /** What nobody can know from packet and host state, settled: a condition's own words → whether it holds. */
  assume?: ReadonlyMap<string, boolean>
  own?: OwnTruths
  /** Of a capture; as PlayOptions. */
  ways?: Ways
  isCaptured?: boolean
  /** How long chains are walked, for all packets together; absent: for each as long as one may be. */
  budget?: WalkBudget
  /** Takes one of what the kernel may take; absent: the lowest that is free. */
  choose?: (field: string, range: readonly [Scalar, Scalar], lowest: Scalar) => Scalar
}

export type { Simulated } from './simulated.ts'

export interface SendOptions {
  /** What this packet answers: the kernel's own ICMP error, or REJECT's reset, which belongs to that packet's flow. */
  answers?: Simulated
}

const NONE: readonly ConntrackEntry[] = []

/** One machine: its connection table and its sets change with every packet, in order. */
export class Simulator {
  world: World
  /** As it was in the beginning. */
  readonly given: World
  readonly conntrack: ConntrackTable
  readonly hooks: Hooks
  readonly settings: Settings
  readonly allowances = new Allowances()
  /** Conditions that hold for so much and no more, to which the packet came: their words, and whether they hold once that is used up. */
  spent: { text: string; usedUp: boolean }[] = []
  /** Chains that the packet may have passed, and no listing shows. */
  unshown: UnshownChain[] = []
  private readonly options: SimulatorOptions
  private readonly whole: WalkBudget
  /** For the packet that is on its way. */
  budget: WalkBudget
  /** How often rules have changed something that others ask for, other than the packet's own fields. */
  changes = 0
  /** Tuples of clients in whose place the kernel asks the server. */
  readonly proxied = new Set<string>()
  private sent = 0
  private assumed: string[] = []
  private notes: string[] = []
  private choices = new Map<string, [Scalar, Scalar]>()

  constructor(world: World, options: SimulatorOptions = {}) {
    this.world = world
    this.given = world
    this.options = options
    const { all, gone } = originOf(world.host.conntrack ?? NONE)
    this.conntrack = new ConntrackTable(all, gone)
    this.hooks = hooksOf(world)
    this.settings = new Settings(world.host)
    this.whole = options.budget ?? new WalkBudget(Number.POSITIVE_INFINITY)
    this.budget = this.whole
  }

  /** Sends the packet through; with `in` it comes in there, without it this host sends it. */
  send(given: Packet, { answers }: SendOptions = {}): Simulated {
    this.assumed = []
    this.spent = []
    this.unshown = []
    this.notes = []
    this.budget = this.whole.forPacket()
    const skb = new Skb(given, withDefaults(packetState(given), this.world.host, this.isCaptured), this.world)
    if (answers) attachAnswer(skb, answers.skb)
    const end = this.run(skb, given)
    this.whole.left -= this.budget.steps - this.budget.left
    const { leftOut } = skb.journal
    if (leftOut > 0)
      this.note(`${countWords(leftOut)} more steps are not shown: they repeat others, and change nothing`)
    const { world, assumed, notes } = this
    return new Simulated(String(++this.sent), { world, skb, end, assumed, notes })
  }

  private run(skb: Skb, given: Packet): End | Open {
    try {
      if (skb.packet.dst === undefined) throw new Undetermined('the destination', 'the packet has none')
      if (skb.packet.src === undefined)
        throw new Undetermined(
          'the source address',
          'the packet has none, and host state does not show which one the kernel would choose',
        )
      if (isNameless(given.in)) throw new Undetermined('the input interface', 'its name is not known')
      const end = traverse(this, skb)
      const open = openBehind(this.unshown, end, this.world)
      if (open) invalidateState(this, skb)
      return open ?? end
    } catch (stopped) {
      if (!(stopped instanceof Undetermined)) throw stopped
      invalidateState(this, skb)
      return stopped.open
    }
  }

  /** By which interface a capture shows that it goes, as it is now. */
  seenWay(packet: Packet): string | undefined {
    return wayOf(this.options.ways ?? NO_WAYS, packet)
  }

  /** As PlayOptions. */
  get isCaptured(): boolean {
    return this.options.isCaptured === true
  }

  assumes(text: string, condition: Condition): boolean {
    return this.assumedOf(text, condition) !== undefined
  }

  /** Of a rule's condition: its own truth goes before that of its words. */
  private assumedOf(text: string, condition?: Condition): boolean | undefined {
    const { assume, own } = this.options
    return condition && own?.has(condition) ? own.get(condition) : assume?.get(text)
  }

  /** What was assumed, where the truth is not known. */
  settle(text: string, truth: Truth, condition?: Condition): Truth {
    if (!isUnknown(truth)) return truth
    const assumed = this.assumedOf(text, condition)
    if (assumed === undefined) return truth
    if (!this.assumed.includes(text)) this.assumed.push(text)
    return assumed
  }

  /** Does the condition hold? Throws Undetermined where that is not known. */
  holds(condition: Condition, skb: Skb): boolean {
    const text = conditionText(condition)
    const truth = this.settle(text, evaluate(condition, momentOf(this, skb)))
    if (isUnknown(truth)) throw new Undetermined(text, truth.unknown)
    return truth
  }

  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text)
  }

  /** Somebody says what the kernel takes of what it may take. */
  get choosesItself(): boolean {
    return this.options.choose !== undefined
  }

  /** One of what the kernel may take. */
  choose(field: string, range: [Scalar, Scalar], lowest: Scalar): Scalar {
    this.choices.set(field, range)
    return this.options.choose?.(field, range, lowest) ?? lowest
  }

  /** What `field` was chosen from, if it was. */
  takeChoice(field: string): [Scalar, Scalar] | undefined {
    const range = this.choices.get(field)
    this.choices.delete(field)
    return range
  }
}
