/** A rule of nat that is to send its packets to another place. */
import type { RuleRef } from '../../model/journey.ts'
import { changesOf, propose } from '../changes/change.ts'
import type { Proposal } from '../changes/proposal.ts'
import type { Destination } from '../changes/rule-changes.ts'
import { describeEnd } from '../context.ts'
import { numberedRef } from './verdicts.ts'

export function sendTo(ref: RuleRef, place: Destination, asked: number | undefined, now?: string): Proposal[] {
  const description = `make ${numberedRef(ref)} send it to ${describeEnd(place.address, place.port)}`
  return propose(
    description,
    changesOf(ref).sendTo(ref, place, asked, now),
    'affects all traffic that matches this rule',
  )
}
