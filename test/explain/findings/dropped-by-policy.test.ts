/** What comes to a base chain's policy, and why. */
import { expect, it } from 'vitest'
import { told } from './played.ts'

const policy = (...rules: string[]) => told({ rules: { filter: ['-P FORWARD DROP', ...rules] } }, 'dropped-by-policy')

it('is named with the rule of the base chain that returns there, whatever comes behind', () => {
  expect(policy('-A FORWARD -d 10.0.2.2/32 -j RETURN', '-A FORWARD -j ACCEPT')).toMatchObject({
    message:
      'filter FORWARD rule 1 returned it (-d 10.0.2.2/32) from a base chain: no later rule of filter FORWARD saw it, and the policy is DROP.',
    rules: ['filter FORWARD rule 1', 'filter FORWARD policy'],
  })
})

it('is named alone where another chain returns', () => {
  const message = 'No rule of filter FORWARD accepts it, and its policy is DROP.'
  expect(policy('-A FORWARD -j web', '-A web -j RETURN')).toMatchObject({ message, rules: ['filter FORWARD policy'] })
  expect(policy()).toMatchObject({ message, rules: ['filter FORWARD policy'] })
})
