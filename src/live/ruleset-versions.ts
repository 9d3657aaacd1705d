/** The rulesets that were in force while a session ran, and since when: read again when they change. */

import type { Report } from '../model/diagnostic.ts'
import type { World } from '../model/world.ts'

/** Milliseconds: managers of firewalls change rules many at a time. */
const GATHER = 200
/** Milliseconds until rules that could not be read are asked for again. */
const RETRY = 1000
/** Times in a row. */
const MOST_FAILED = 4
/** Microseconds. */
const YEAR_2000 = 946_684_800e6
/** Older ones are forgotten: nothing of their time is still to come. */
const MOST = 8

export class RulesetVersions {
  readonly first: World
  private readonly list: { world: World; from: number }[]
  private readonly readAgain: (at?: string) => Promise<World | undefined>
  private readonly report: Report
  /** Our own set-up is a change, too. */
  private settled = false
  private over = false
  private finish = () => {}
  private readonly ended = new Promise<void>((resolve) => {
    this.finish = resolve
  })
  private rereading: Promise<void> | undefined
  private again = false

  constructor(first: World, readAgain: (at?: string) => Promise<World | undefined>, report: Report) {
    this.first = first
    this.list = [{ world: first, from: Number.NEGATIVE_INFINITY }]
    this.readAgain = readAgain
    this.report = report
  }

  /** The rules are only known when ours are among them. */
  hold(ready: Promise<void>): void {
    this.rereading = ready.then(async () => {
      this.list[0]!.world = (await this.readAgain()) ?? this.first
      this.rereading = undefined
    })
    this.rereading.catch(() => {})
  }

  /** From now on changes are somebody else's. */
  settle(): void {
    this.settled = true
  }

  /** Nobody waits for rules that are still being read: they would not be used any more. */
  end(): void {
    this.over = true
    this.finish()
  }

  /** Somebody changed the rules just now. */
  changed(): void {
    if (!this.settled || this.over) return
    if (this.rereading) this.again = true
    else this.rereading = this.reread(Date.now())
  }

  /** Nobody tells of changes: have there been any since? What comes meanwhile does not wait for the answer. */
  async look(since: number): Promise<void> {
    if (!this.settled || this.over || this.rereading) return
    try {
      await this.readOnce(since)
    } catch {
      // the next look will tell, or the trace that does not fit
    }
  }

  /** Resolves when the rules that are in force are known. */
  async current(): Promise<void> {
    if (this.rereading) await Promise.race([this.rereading, this.ended])
  }

  /** Those that were in force at a time: microseconds since 1970. The latest where the stream has only its uptime. */
  at(clock: number): World {
    const { list } = this
    if (!(clock > YEAR_2000)) return list.at(-1)!.world
    return (list.findLast(({ from }) => from <= clock) ?? list[0]!).world
  }

  /** A host that is busy may answer the next time; nobody tells of the change again. */
  private async reread(since: number): Promise<void> {
    let failed = 0
    do {
      this.again = false
      await new Promise((resolve) => setTimeout(resolve, failed === 0 ? GATHER : RETRY))
      if (this.over) break
      try {
        await this.readOnce(since)
        failed = 0
      } catch (error) {
        this.again = ++failed < MOST_FAILED
        if (!this.again)
          this.report(
            'rules-not-read-again',
            `rules were changed, but could not be read again: ${(error as Error).message}`,
          )
      }
    } while (this.again)
    this.rereading = undefined
  }

  private async readOnce(since: number): Promise<void> {
    const at = new Date(since).toISOString()
    const world = await this.readAgain(at)
    if (!world || this.over) return
    const before = this.list.at(-1)!.world
    world.saved = { at, before }
    before.saved = { ...(before.saved ?? { at: 'the start' }), next: world }
    this.list.push({ world, from: since * 1000 })
    this.report('rules-changed', `the rules were changed at ${at.slice(11, 19)} UTC, and have been read again`)
    if (this.list.length > MOST) {
      this.list.shift()
      delete this.list[0]!.world.saved?.before
    }
  }
}
