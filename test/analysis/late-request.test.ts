/** Journeys are told as they complete: TCP sends again after a second, and as long a packet waits for its next line. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'

const files = ['rules.v4', 'dmesg.log'].map((name) => ({
  name,
  text: readFileSync(new URL(`../../fixtures/findings/unanswered/${name}`, import.meta.url), 'utf8'),
}))

test('the first packet is the request, though its journey was complete after that of the retransmission', async () => {
  const { exchanges } = await (await open(files)).exchanges()
  expect(exchanges.map(({ status, journeys }) => [status, journeys.request, journeys.retransmissions])).toEqual([
    ['unanswered', ['1'], ['2']],
  ])
})
