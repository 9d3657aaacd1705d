import { expect, it } from 'vitest'
import { looksLike } from '../../src/explain/counterfactual/map-keys.ts'
import { portsLike } from '../../src/explain/nuances.ts'

it.each([0, 7, 10, 80, 100, 101, 443, 1000, 1001, 8080, 9090, 20_002, 30_017, 65_535])(
  'knows all ports that look like %i',
  (port) => {
    const like = Array.from({ length: 65_536 }, (_, other) => other).filter((other) =>
      looksLike(String(port), String(other)),
    )
    expect(new Set(portsLike(port))).toEqual(new Set(like))
  },
)

it.each([1_234_567_890, 4_294_967_295, 2 ** 53, -1, Number.NaN, Number.POSITIVE_INFINITY])(
  'takes no time for %d, which is no port',
  (port) => expect(portsLike(port)).toEqual([]),
)
