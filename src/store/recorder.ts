/** Journeys as they complete, and what came of their exchanges → batches for a store. */
import type { ClosedJourney } from '../analysis/closed-journey.ts'
import { Exchanges } from '../analysis/exchanges/exchanges.ts'
import { ExchangeMembers } from '../analysis/exchanges/members.ts'
import { ExchangeNews } from '../analysis/exchanges/news.ts'
import type { Noted } from '../analysis/exchanges/noted.ts'
import { seenBy, tellExchange } from '../analysis/exchanges/told.ts'
import type { Selection } from '../analysis/select.ts'
import type { Exchange } from '../model/exchange.ts'
import type { Journey } from '../model/journey.ts'
import type { Member } from '../model/member.ts'
import type { World } from '../model/world.ts'
import { LineTemplates } from '../reports/line-templates.ts'
import { Batch, type Subject } from './batch.ts'
import { CaptureKeys, type Moment, Moments, PlayedKeys } from './keys.ts'
import type { Row } from './row.ts'
import { type StoredRuleset, StoredRulesets } from './ruleset-rows.ts'
import { type Shape, shapeOf, shapeOfText } from './shapes.ts'
import { exchangeText, journeyText } from './told-rows.ts'

/** What is recorded: captured or played. */
export type Recorded = Noted & Partial<Pick<ClosedJourney, 'traceId' | 'matches'>> & { member?(): Member | undefined }

export interface RecorderOptions {
  /** Takes a batch to be written; it is not changed any more. */
  write(batch: Batch): void
  /** By what is shown. Absent: all of it is recorded. */
  selection?: Selection
  /** The packets are played. `assume`: what was settled for them. */
  played?: { assume: ReadonlyMap<string, boolean> }
  /** Packets come right now: milliseconds until a packet's journey is told, at most. */
  settling?: number
}

/** Journeys and exchanges of a batch. */
const MOST = 10_000

/** What of an exchange is its first journey's. */
interface Head {
  subject: Subject
  row: Row
  world: World
  family: string
}

export class Recorder {
  private batch = new Batch()
  private readonly options: RecorderOptions
  private readonly exchanges: Exchanges
  private readonly news: ExchangeNews | undefined
  private readonly moments = new Moments()
  private readonly captures = new WeakMap<object, CaptureKeys>()
  private played: PlayedKeys | undefined
  private readonly lines = new LineTemplates<{ shown: boolean }>()
  private readonly heads = new Map<number, Head>()
  /** By the numbers of journeys. */
  private readonly keys = new Map<number, string>()
  private readonly rulesets = new StoredRulesets()

  constructor(options: RecorderOptions) {
    this.options = options
    this.exchanges = new Exchanges({ keepsOwn: true, played: options.played !== undefined })
    if (options.settling !== undefined) this.news = new ExchangeNews(this.exchanges, options.settling)
  }

  take(closed: Recorded): void {
    const { world, times } = closed
    const moment = this.moments.of(times.firstStamp, times.firstClock)
    const host = times.firstStamp.host || world.host.name || undefined
    const boot = world.host.boot
    const key = this.keyOf(closed, moment, host, boot)
    const subject: Subject = { about: 'journey', key, host, time: moment.time }
    const source = this.options.played ? 'simulation' : 'trace'
    const row: Row = { host, boot, time: moment.time, clock: moment.clock, source }
    const number = this.exchanges.note(closed)
    if (number !== undefined) {
      this.keys.set(closed.id, key)
      if (!this.heads.has(number)) this.heads.set(number, { subject, row, world, family: closed.family })
    }
    const { selection } = this.options
    if (selection && closed.matches && !selection.packet(closed as ClosedJourney)) return
    const ruleset = this.rulesets.of(world)
    const { shape, values, shown } = this.read(closed.member?.(), () => {
      const journey = closed.explain()
      return { text: journeyText(journey, ruleset), shown: selection?.journey(journey as Journey) ?? true }
    })
    if (!shown) return
    if (number !== undefined) {
      this.exchanges.list.show(number)
      this.news?.note(number)
    }
    const duration = Math.round(times.lastClock - times.firstClock)
    const exchange = number === undefined ? undefined : this.heads.get(number)!.subject.key
    const own = {
      ...row,
      ...{ journey: key, exchange, uptime: moment.uptime },
      duration: Number.isFinite(duration) ? duration : undefined,
    }
    this.add(subject, own, ruleset, shape, values)
  }

  /** Nothing more has come for now. `now`: milliseconds. What is known by now is handed on. */
  pause(now: number): void {
    for (const { exchange, number } of this.news?.look(now) ?? []) this.addExchange(exchange, number)
    this.handOn()
  }

  /** Nothing more comes. It stops at each batch that it has handed on. */
  *end(): Generator<void> {
    const { list } = this.exchanges
    if (this.news) for (const { exchange, number } of this.news.end()) this.addExchange(exchange, number)
    else {
      const seen = seenBy(this.exchanges)
      const members = new ExchangeMembers(list, seen)
      for (const number of list.order) {
        if (!list.isShown(number)) continue
        const head = this.heads.get(number)!
        const ruleset = this.rulesets.of(head.world)
        const { shape, values } = this.read(members.of(number), () => ({
          text: this.exchangeText(tellExchange(list.at(number), seen), head),
          shown: true,
        }))
        this.add(...exchangeOf(head), ruleset, shape, values)
        if (this.batch.isEmpty) yield
      }
    }
    this.handOn()
  }

  private keyOf(closed: Recorded, moment: Moment, host = '', boot = ''): string {
    const { capture, traceId = -1, world } = closed
    const packet = closed.packet()
    const { played } = this.options
    if (played) {
      this.played ??= new PlayedKeys(host, worldText(world, this.rulesets.of(world), played.assume))
      return this.played.keyOf(packet)
    }
    let keys = this.captures.get(capture)
    if (!keys) {
      keys = new CaptureKeys()
      this.captures.set(capture, keys)
    }
    return keys.keyOf({ host, boot, moment, traceId, packet })
  }

  /** In full, or the shape that it shares with others of its class. */
  private read(
    member: Member | undefined,
    full: () => { text: string; shown: boolean },
  ): { shape: Shape; values?: Member['values']; shown: boolean } {
    const inFull = () => {
      const { text, shown } = full()
      return { text, note: { shown } }
    }
    const { template, text, note } = member ? this.lines.read(member, inFull) : { ...inFull(), template: undefined }
    return template
      ? { shape: shapeOf(template), values: member!.values, ...note }
      : { shape: shapeOfText(text), ...note }
  }

  private addExchange(exchange: Exchange, number: number): void {
    const head = this.heads.get(number)!
    const ruleset = this.rulesets.of(head.world)
    this.add(...exchangeOf(head), ruleset, shapeOfText(this.exchangeText(exchange, head)))
  }

  private exchangeText(exchange: Exchange, { world, family }: Head): string {
    const same = exchange.like === undefined ? undefined : this.keys.get(Number(exchange.like))
    return exchangeText(exchange, this.rulesets.of(world), family, same)
  }

  private add(subject: Subject, own: Row, ruleset: StoredRuleset, shape: Shape, values?: Member['values']): void {
    if (this.batch.has(subject)) this.handOn()
    this.batch.addRows('rulesets', this.rulesets.takeRows(ruleset))
    this.batch.addRows('rulesets', ruleset.takeFromCaptures())
    this.batch.add(subject, own, shape, values)
    if (this.batch.subjects >= MOST) this.handOn()
  }

  private handOn(): void {
    if (this.batch.isEmpty) return
    this.options.write(this.batch)
    this.batch = new Batch()
  }
}

const exchangeOf = ({ subject, row }: Head): [Subject, Row] => [
  { ...subject, about: 'exchange' },
  { ...row, exchange: subject.key },
]

/** All that decides what becomes of packets that are played. */
const worldText = ({ host, sets }: World, { key }: StoredRuleset, assume: ReadonlyMap<string, boolean>): string =>
  JSON.stringify([key, host, sets, [...assume]], (_, value) => (value instanceof Map ? [...value] : value))
