/** The secret that every address of a server begins with. */
import { randomBytes, timingSafeEqual } from 'node:crypto'

/** 128 bits. */
const BYTES = 16

export const makeToken = (): string => randomBytes(BYTES).toString('hex')

/** Takes as long whichever character differs; that all have one length is no secret. */
export function isToken(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}
