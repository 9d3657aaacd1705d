/** kube-proxy says so in its rule's comment. */
import { describe, expect, it } from 'vitest'
import { type Case, findingsOf, played, told } from './played.ts'

const rules = (comment: string): Case => ({
  rules: { filter: [`-A FORWARD -d 10.0.2.2/32 -p tcp -m comment --comment "${comment}" -m tcp --dport 80 -j REJECT`] },
})

describe('no-endpoints', () => {
  it('names the Service, and proposes no accept', () => {
    const journey = played(rules('default/web:http has no endpoints'))
    expect(findingsOf(journey, 'no-endpoints')[0]?.message).toBe(
      'filter FORWARD rule 1 stopped it, because the Service default/web:http has no endpoints.',
    )
    expect(journey.findings.flatMap(({ fix }) => fix).filter(({ edits, look }) => edits ?? look)).toEqual([])
    expect(journey.culprit).toMatchObject({ chain: 'FORWARD', ruleNumber: 1 })
  })

  it('is not told of another comment', () => {
    expect(told(rules('default/web:http is closed at night'), 'no-endpoints')).toBeUndefined()
  })
})
