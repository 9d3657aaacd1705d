/** What some worlds have besides, each by itself: a function that amends the draft. */
import type { Random } from '../../../kernel/generate/random.ts'
import type { Draft } from '../draft.ts'
import { bound, elsewhere, errors, hairpin, sources, uplink } from './network.ts'
import { owners } from './owners.ts'
import { limits, overlap, returns, tables, zones } from './rules.ts'
import { sets } from './sets.ts'

type Amend = (draft: Draft, random: Random) => void

export const FEATURES = {
  sets,
  returns,
  uplink,
  bound,
  zones,
  owners,
  limits,
  errors,
  elsewhere,
  tables,
  hairpin,
  overlap,
  sources,
} satisfies Record<string, Amend>

export type Feature = keyof typeof FEATURES

/** Most worlds have one or two. */
export const featuresOf = (random: Random): Feature[] =>
  (Object.keys(FEATURES) as Feature[]).filter(() => random.chance(0.12))
