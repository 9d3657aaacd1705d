/** How what a trace tells is taken: when its reader has room for more, and when there is no room at all. */
import { BUDGET } from '../live/budget.ts'
import { waitUnless } from '../live/wait-unless.ts'
import type { JourneyReport } from '../reports/journeys.ts'
import type { Taking } from './live-run.ts'
import { PatientOutput } from './patient-output.ts'
import type { Output } from './stdout.ts'
import type { Storing } from './storing.ts'

export class Telling implements Taking {
  /** Each packet is told by itself. */
  readonly each: boolean
  private readonly report: Pick<JourneyReport, 'held'>
  private readonly out: PatientOutput | undefined
  private readonly storing: Pick<Storing, 'room'> | undefined

  /** `storing`: each packet is told to a store, too. */
  constructor(report: Pick<JourneyReport, 'held'>, out: Output, each: boolean, storing?: Pick<Storing, 'room'>) {
    this.storing = storing
    this.report = report
    this.out = out instanceof PatientOutput ? out : undefined
    this.each = each || storing !== undefined
  }

  /** No new kind of packet can be told. */
  get isFull(): boolean {
    return this.report.held > BUDGET.kept || (this.out?.waitingBytes ?? 0) > BUDGET.output
  }

  /** Resolves when the reader has room for more, or where it cannot be waited for; rejects as Output throws. */
  async room(cannotWait: () => boolean): Promise<void> {
    const { out, storing } = this
    const stored = cannotWait() ? undefined : storing?.room()
    if (stored) await waitUnless(stored, cannotWait)
    if (!out || out.hasRoom || cannotWait()) return
    await waitUnless(out.room(), cannotWait)
  }
}
