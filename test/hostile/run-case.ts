/** Runs one case, and says what went wrong. */
import { Broken } from './broken.ts'
import type { Case, Kind } from './case.ts'
import { explainArchive, explainFiles, readInPieces, showFlows } from './explaining.ts'
import { judgePrototypes } from './judge-output.ts'
import { redactFile } from './redacting.ts'
import type { Room } from './room.ts'
import { showRules, simulatePackets, takeWords } from './simulating.ts'
import { foreseen } from './user-error.ts'

const RUNS: Readonly<Record<Kind, (one: Case, room: Room) => Promise<void>>> = {
  explain: explainFiles,
  simulate: simulatePackets,
  rules: showRules,
  pieces: readInPieces,
  redact: redactFile,
  words: takeWords,
  flows: showFlows,
  archive: explainArchive,
}

export interface Failure {
  /** Failures with the same one are the same failure. */
  signature: string
  detail: string
}

/** Functions of a stack that tell where it was. */
const FRAMES = 3

/** Undefined where all is well: also where it was refused with a sentence. */
export async function runCase(one: Case, room: Room): Promise<Failure | undefined> {
  try {
    await RUNS[one.kind](one, room)
    judgePrototypes()
    return undefined
  } catch (error) {
    try {
      foreseen(error)
      return undefined
    } catch (unforeseen) {
      return failureOf(one.kind, unforeseen)
    }
  }
}

export function failureOf(kind: string, error: unknown): Failure {
  if (error instanceof Broken) return { signature: error.what, detail: error.message }
  if (!(error instanceof Error)) return { signature: `${kind}: thrown ${typeof error}`, detail: String(error) }
  const names = [...(error.stack ?? '').matchAll(/^ +at (?:async )?(?:new )?([\w.$#<>]+) \(/gm)].map(
    ([, name]) => name!,
  )
  // the stack of an overflow ends somewhere, but goes round the same functions
  const where =
    error instanceof RangeError && /stack/.test(error.message) ? names.sort().slice(0, 1) : names.slice(0, FRAMES)
  return {
    signature: `${error.name}: ${error.message.slice(0, 80)} in ${where.join(' < ')}`,
    detail: error.stack ?? '',
  }
}
