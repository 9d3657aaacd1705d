/** The number of an IPsec security association in its authentication header, as `-m ah` asks for it in both families. */
import type { Condition } from '../../../model/condition.ts'
import type { Negatable } from '../../../model/ruleset.ts'
import { compare, type Option } from '../extension.ts'
import { printRange, type Range, rangeOption, rangeValue, saysNothing } from './numbers.ts'

const MAX_SPI = 0xffffffff

interface WithSpi {
  ahspi?: Negatable<Range>
}

export const spiOption = (): Option<Range> => rangeOption(MAX_SPI, { invert: true })

/** Without a range of all. 1.8.9 forgets it inverted, too; later ones print that, as it never holds, and so is it here. */
export function meantSpi<V extends WithSpi>(values: V): V {
  if (!values.ahspi || !saysNothing(values.ahspi, MAX_SPI)) return values
  const { ahspi: _, ...rest } = values
  return rest as V
}

export function spiConditions(values: WithSpi): Condition[] {
  const { ahspi } = meantSpi(values)
  if (!ahspi) return []
  return [compare('ah spi', rangeValue(ahspi.value), { words: `--ahspi ${printRange(ahspi.value)}`, not: ahspi.not })]
}
