import type { ClosedJourney } from '../closed-journey.ts'

/** What is read of a journey, captured or played. */
export type Noted = Pick<
  ClosedJourney,
  | 'id'
  | 'capture'
  | 'family'
  | 'world'
  | 'class'
  | 'isRetransmission'
  | 'times'
  | 'packet'
  | 'tuple'
  | 'lastTuple'
  | 'datagram'
  | 'identity'
  | 'quotedIdentity'
  | 'segment'
  | 'explain'
  | 'passageOfNat'
  | 'isUntracked'
  | 'playReply'
  | 'severalCauses'
  | 'ifInVain'
>
