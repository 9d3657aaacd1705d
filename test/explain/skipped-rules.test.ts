/** Which rules a packet was asked by and did not match. */
import { expect, it } from 'vitest'
import { played } from './findings/played.ts'

const codes = (...filter: string[]) =>
  played({ rules: { filter: ['-P FORWARD DROP', ...filter] } }).findings.map(({ code }) => code)
const NEAR = '-A FORWARD -p tcp -m tcp --dport 8080 -j ACCEPT'

it('a rule of the base chain that leaves it: those behind it were not asked, so nothing is nearly theirs', () => {
  expect(codes('-A FORWARD -p tcp -m tcp --dport 443 -j RETURN', NEAR)).toContain('near-miss')
  expect(codes('-A FORWARD -p tcp -m tcp --dport 80 -j RETURN', NEAR)).not.toContain('near-miss')
  expect(codes('-A FORWARD -p tcp -m tcp --dport 80 -g OWN', NEAR, '-A OWN -j LOG')).not.toContain('near-miss')
})
