/** Packet rates as limit and hashlimit keep them: as the time between two packets, in fractions of a second. */
import { WordError } from '../extension.ts'

export interface Rate {
  /** Time between two packets; the unit is 1 s / scale. */
  period: number
  /** Seconds in the unit it was given in. */
  per: number
}

/** By their whole names, which may be shortened to one letter, and as they are printed. */
const UNITS = [
  { name: 'day', printed: 'day', seconds: 24 * 60 * 60 },
  { name: 'hour', printed: 'hour', seconds: 60 * 60 },
  { name: 'minute', printed: 'min', seconds: 60 },
  { name: 'second', printed: 'sec', seconds: 1 },
]

/** `N[/UNIT]`, per second without a unit; what follows the digits is not looked at (atoi). Throws WordError. */
export function readRate(text: string, scale: number): Rate {
  const slash = text.indexOf('/')
  const suffix = slash < 0 ? 'second' : text.slice(slash + 1).toLowerCase()
  const unit = suffix === '' ? undefined : UNITS.find(({ name }) => name.startsWith(suffix))
  const amount = Number.parseInt(text, 10)
  if (!unit || !(amount > 0)) throw new WordError(`"${text}" is not a rate: NUMBER/second, /minute, /hour or /day`)
  const period = Math.floor((scale * unit.seconds) / amount)
  if (period === 0) throw new WordError(`"${text}" is so high a rate that it limits nothing`)
  return { period, per: unit.seconds }
}

/** The period in the unit that iptables-save takes (print_rate in libxt_limit.c), with the seconds of that unit. */
export function printRate(period: number, scale: number): { text: string; per: number } {
  let chosen = UNITS[0]!
  for (const unit of UNITS.slice(1)) {
    const span = unit.seconds * scale
    if (period > span || Math.floor(span / period) < span % period) break
    chosen = unit
  }
  return { text: `${Math.floor((chosen.seconds * scale) / period)}/${chosen.printed}`, per: chosen.seconds }
}
