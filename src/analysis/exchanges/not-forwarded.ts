/**
 * Errors of this host itself about what it did not forward. nft's trace does not show what they quote; where one exchange
 * alone has vanished for the reason that the error gives, it is about that one.
 */
import { whyNotForwarded } from '../../model/icmp-error.ts'
import type { Exchanges } from './exchanges.ts'
import { onlyVanished } from './join/latest.ts'

/** Once all is complete: a packet that vanished is known as such later than the error about it. */
export function joinErrors(exchanges: Exchanges): void {
  const { errors, list } = exchanges
  for (const error of [...errors]) {
    const { told, to } = error
    const code = told && whyNotForwarded(told.journey.packet)
    const number = code === undefined || !to ? undefined : onlyVanished(list, to, code, error)
    if (!told || number === undefined || told.host !== list.hostOf(number)) continue
    errors.splice(errors.indexOf(error), 1)
    exchanges.apart--
    list.add(number, error.id, 'errors', told, error.clock, error.capture, false)
  }
}
