/**
 * A machine's drops, watched without a rule: what the kernel has counted is taken once a second and told apart by kind;
 * where netfilter dropped a packet, the rule is looked for on the model. Nothing is set up on the machine.
 */
import { DropPlayer, fits } from '../../analysis/drops/play.ts'
import { type DropKind, DropTally, type DropTuple, type KindRule } from '../../analysis/drops/tally.ts'
import type { Played } from '../../analysis/simulate.ts'
import { functionOf } from '../../explain/kernel-drops/meaning.ts'
import type { Drop } from '../../model/host.ts'
import type { World } from '../../model/world.ts'
import type { TraceHost } from '../trace-host.ts'
import { CountedSource } from './counted.ts'
import { MachineState } from './machine-state.ts'

/** Milliseconds between two looks. */
const EVERY = 1000
/** Of each look: so many packets are played, and more within these milliseconds. */
const LEAST_PLAYED = 16
const PLAYING = 50
/** Milliseconds of each look that new kinds are explained. */
const EXPLAINING = 200
/** Milliseconds: rules that are older are read again where a packet is to be played, or where netfilter goes on dropping. */
const FRESH = 5000
const STALE = 30_000
/** Milliseconds that a drop waits for newer rules, where those that were read do not drop it; and how many wait. */
const WAITING = 15_000
const MOST_WAITING = 1000
/** The same of all state, where another drop than netfilter's is explained. */
const STATE_FRESH = 60_000

const NETFILTER = 'NETFILTER_DROP'

/** The first drop of a kind, and what the model says of it. */
export interface ExplainedKind {
  kind: DropKind
  /** Where the model shows the drop. */
  played?: Played
  /** Of which time the rules are: milliseconds since 1970. Absent: there are none. */
  rulesRead?: number
}

/** Drops of a tuple that are to be counted. */
interface Counting {
  key: string
  count: number
  last: number
  drop: Drop
}

export interface DropWatchOptions {
  place: TraceHost
  namespaceInode: number
  ending: AbortSignal
  /** A kind that was not there before. */
  onKind(explained: ExplainedKind): void
  /** Behind each look. */
  onLook(watch: DropWatch): void
}

export class DropWatch {
  readonly tally = new DropTally()
  readonly state: MachineState
  /** Milliseconds since 1970. */
  readonly began = Date.now()
  private readonly options: DropWatchOptions
  private readonly source: CountedSource
  private player: { of: World; player: DropPlayer } | undefined
  /** Packets that are still played in this look, and until when others are, by performance.now(). */
  private mayPlay = 0
  private playsUntil = 0
  private explained = 0
  private readonly unexplained: DropKind[] = []
  private missedInAll: number | undefined
  /** Counted by the kernel, and not here yet: what drops them is looked for in rules that are read anew. */
  private waiting: Counting[] = []
  private over = false
  private wake = () => {}

  /** From now on nothing is missed. Throws Unavailable. `loadDrops` has to be done before. */
  constructor(options: DropWatchOptions) {
    this.options = options
    this.source = new CountedSource(options.namespaceInode)
    this.state = new MachineState(options.place, options.ending)
  }

  /** Drops of any namespace that were not counted, since each interrupted another on the same CPU. */
  get missed(): number {
    return this.missedInAll ?? this.source.missed()
  }

  /** Looks until an end is asked for; then everything is counted. */
  async run(): Promise<void> {
    try {
      await this.state.refresh('all', 0)
      while (!this.over) {
        const began = performance.now()
        await this.look()
        this.options.onLook(this)
        await this.pause(EVERY - (performance.now() - began))
      }
      this.source.detach()
      while (await this.look());
      this.explainAll(Number.POSITIVE_INFINITY)
    } finally {
      this.missedInAll = this.source.missed()
      this.source.close()
      await this.state.end()
    }
  }

  stop(): void {
    this.over = true
    this.wake()
  }

  private async pause(milliseconds: number): Promise<void> {
    if (this.over || milliseconds <= 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Was there anything new? */
  private async look(): Promise<boolean> {
    const piece = this.source.take()
    const fresh: Counting[] = this.waiting
    this.waiting = []
    if (fresh.length > 0 && !this.over) await this.state.refresh('rules', 0)
    if (piece) {
      const { tally } = this
      const now = Date.now()
      let netfilters = false
      for (const one of piece.drops) {
        const tuple = tally.tuple(one.key)
        if (tuple?.kind.rule) netfilters = true
        if (tuple && !this.isStale(tuple)) tally.addTo(tuple, one.count, one.last)
        else fresh.push({ key: one.key, count: one.count, last: one.last, drop: one.first() })
      }
      if (netfilters) await this.state.refresh('rules', STALE)
      for (const { key, count, reason, location, family, protocol } of piece.folded) {
        const place = location === undefined ? undefined : functionOf({ location })
        const rule = reason === NETFILTER ? NOT_PLAYED : undefined
        tally.addFolded(key, { reason, place, family, protocol, rule }, count, now)
      }
      tally.addRest(piece.rest, now)
    }
    await this.addAll(fresh)
    await this.tellNew()
    return piece !== undefined
  }

  private async addAll(fresh: readonly Counting[]): Promise<void> {
    if (fresh.some(({ drop }) => drop.reason === NETFILTER)) await this.state.refresh('rules', FRESH)
    this.mayPlay = LEAST_PLAYED
    this.playsUntil = performance.now() + PLAYING
    for (const one of fresh) {
      const { drop } = one
      const rule = drop.reason === NETFILTER ? this.ruleOf(drop) : undefined
      if (this.mayWait(rule, one.last)) {
        this.waiting.push(one)
        continue
      }
      let tuple = this.tally.tuple(one.key)
      if (tuple) {
        this.tally.move(tuple, drop, rule)
        this.tally.addTo(tuple, one.count, one.last)
      } else tuple = this.tally.add(one.key, drop, one, rule)
      tuple.by = rule === NOT_PLAYED ? undefined : this.state.version
    }
  }

  /** The rule that drops it may be newer than those that were read, or they are still being read. */
  private mayWait(rule: KindRule | undefined, last: number): boolean {
    return (
      rule?.known === false &&
      (rule.why === 'none' || (rule.why === 'not-read' && this.state.problem === undefined)) &&
      !this.over &&
      this.state.rulesRead < last &&
      Date.now() - last < WAITING &&
      this.waiting.length < MOST_WAITING
    )
  }

  private isStale({ kind, by }: DropTuple): boolean {
    return kind.reason === NETFILTER && by !== this.state.version
  }

  private ruleOf(drop: Drop): KindRule {
    const player = this.currentPlayer()
    if (!player) return NOT_READ
    const known = player.knownRule(drop)
    if (known) return known
    return this.mayPlay-- <= 0 && performance.now() > this.playsUntil ? NOT_PLAYED : player.rule(drop)
  }

  /** Undefined: the rules are not known. */
  private currentPlayer(): DropPlayer | undefined {
    const { world, problem } = this.state
    if (!world || problem !== undefined) return undefined
    if (this.player?.of !== world) this.player = { of: world, player: new DropPlayer(world) }
    return this.player.player
  }

  private async tellNew(): Promise<void> {
    const { tally } = this
    if (tally.kindCount > this.explained)
      for (const kind of tally.kinds) if (kind.id > this.explained) this.unexplained.push(kind)
    this.explained = tally.kindCount
    if (this.unexplained.some(({ reason }) => reason !== NETFILTER)) await this.state.refresh('all', STATE_FRESH)
    this.explainAll(performance.now() + EXPLAINING)
  }

  private explainAll(until: number): void {
    while (this.unexplained.length > 0 && performance.now() < until) {
      const kind = this.unexplained.shift()!
      this.options.onKind({ kind, ...this.explain(kind) })
    }
  }

  private explain({ example }: DropKind): Omit<ExplainedKind, 'kind'> {
    const player = this.currentPlayer()
    if (!player || !example) return {}
    const played = player.play(example)
    const { rulesRead } = this.state
    return fits(played.explain(), example) ? { played, rulesRead } : { rulesRead }
  }
}

const NOT_PLAYED: KindRule = { known: false, why: 'not-played' }
const NOT_READ: KindRule = { known: false, why: 'not-read' }
