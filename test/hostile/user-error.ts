/** What was foreseen is a sentence for a person. */
import { UserError } from '../../src/model/user-error.ts'
import { Broken } from './broken.ts'

/** Undefined where it was refused with a sentence. */
export function userError<T>(attempt: () => T): T | undefined {
  try {
    return attempt()
  } catch (error) {
    foreseen(error)
    return undefined
  }
}

/** Throws what is no refusal in words. */
export function foreseen(error: unknown): void {
  if (!(error instanceof UserError)) throw error
  if (error.message === '') throw new Broken('refusal', 'it has no words')
}
