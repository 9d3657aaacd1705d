import { expect, it } from 'vitest'
import { looksLike } from '../../src/explain/counterfactual/near-misses.ts'
import { portsLike } from '../../src/explain/nuances.ts'

it.each([0, 7, 80, 443, 8080, 9090, 30_017, 65_535])('knows all ports that look like %i', (port) => {
  const like = Array.from({ length: 65_536 }, (_, other) => other).filter((other) =>
    looksLike(String(port), String(other)),
  )
  expect(new Set(portsLike(port))).toEqual(new Set(like))
})
