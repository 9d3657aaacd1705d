/** The latest replies, by what an ICMP error quotes of them: nft's trace shows no more of it. */
import type { Noted } from '../noted.ts'
import type { JoinedJourneys, Told } from './joined.ts'
import { LatelyAsked } from './lately-asked.ts'

export class LateReplies {
  private readonly lately = new LatelyAsked()

  note(closed: Noted, number: number, capture: number): void {
    this.lately.note(closed.identity(), number, capture, closed.id)
  }

  /** The exchange whose reply this error quotes: who had asked sends it, or it goes to who was asked. `from`, `to`: four words each. */
  quotedBy(
    closed: Noted,
    list: JoinedJourneys,
    { host }: Told,
    { from, to, capture }: { from: Int32Array; to: Int32Array; capture: number },
  ): number | undefined {
    const isOf = (one: number) => list.hostOf(one) === host && (list.isBegunBy(one, from) || list.isSentTo(one, to))
    return this.lately.only(closed.quotedIdentity(), capture, isOf)
  }
}
